import Fastify from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { expect } from 'vitest'
import { readMultipart, registerBodies } from '../../server/multipart.ts'
import { answerErrors } from '../../server/plugins/errors.ts'
import { openDiskStorage } from '../../server/storage/disk.ts'
import { createFolder, filesIn, openFilesIn } from './folder.ts'

export type Part = [name: string, value: string] | [name: string, bytes: Buffer, fileName: string]
type Answered = { fields?: Record<string, string>; file?: { name: string } | null; [field: string]: unknown }

export const megabyte = 1024 * 1024

export type UploadApp = Awaited<ReturnType<typeof openUploadApp>>

/** Reads what is posted and says what it read: `/upload/` with files, `/fields/` like any other route. */
export async function openUploadApp() {
  const folder = await createFolder()
  const storage = await openDiskStorage(folder.path)
  const app = Fastify({ bodyLimit: megabyte }).withTypeProvider<ZodTypeProvider>()
  const uploads = { failed: 0 }
  answerErrors(app)
  registerBodies(app)
  app.post('/upload/', { config: { readsMultipart: true } }, async (request) => {
    const upload = await readMultipart(request, storage).catch((error) => {
      uploads.failed += 1
      throw error
    })
    return { fields: upload.fields, file: upload.file ?? null }
  })
  app.post('/fields/', async (request) => ({ body: request.body ?? null }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  async function post(path: string, body: RequestInit['body'], headers: Record<string, string> = {}) {
    const answer = await fetch(`${url}${path}`, { method: 'POST', body, headers })
    const answered: Answered = JSON.parse(await answer.text())
    return { status: answer.status, body: answered }
  }

  return {
    port: Number(new URL(url).port),
    uploads,
    post,
    /** A multipart body as it stands, its boundary being `b`. */
    postRaw: (body: string | Buffer) =>
      post('/upload/', new Uint8Array(Buffer.from(body)), { 'content-type': 'multipart/form-data; boundary=b' }),
    files: () => filesIn(folder.path),
    /** The files are those, none is open, and the next upload works. */
    expectOnly: async (files: string[]) => {
      expect(await filesIn(folder.path)).toEqual(files)
      expect(await openFilesIn(folder.path)).toEqual([])
      expect(await post('/upload/', form(['content', 'still alive']))).toMatchObject({ status: 200 })
    },
    close: async () => {
      await app.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export function form(...parts: Part[]): FormData {
  const whole = new FormData()
  for (const [name, value, fileName] of parts) {
    if (typeof value === 'string') whole.append(name, value)
    else whole.append(name, new Blob([new Uint8Array(value)]), fileName)
  }
  return whole
}
