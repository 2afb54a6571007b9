import formbody from '@fastify/formbody'
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { ChatError, invalid } from '../schemas/errors.ts'
import type { MessageType } from '../schemas/messages.ts'
import type { App } from './app.ts'
import { drain, fieldText, fieldValue, fileBytes, parsedParts, requireLength } from './parts.ts'
import { deleteAttachment } from './storage/delete.ts'
import { tooLarge } from './storage/disk.ts'
import { requireContent, requireKind } from './storage/kinds.ts'
import { cleanFileName } from './storage/names.ts'
import type { FileKey, Storage } from './storage/storage.ts'

export const largestAttachment = 25 * 1024 * 1024
const largestForm = largestAttachment + 8 * 1024 * 1024

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler reads a multipart body itself, by `readMultipart`; `request.body` is undefined then. */
    readsMultipart?: boolean
  }
}

/** A stored file that is what its name promises. `type` is the media type to serve it with. */
export type UploadedFile = { key: FileKey; name: string; size: number; type: string; messageType: Extract<MessageType, 'image' | 'file'> }

export type Upload = { fields: Record<string, string>; file?: UploadedFile }

/** Makes form-encoded and multipart bodies arrive in `request.body` as JSON ones do, before validation: repeated names become arrays. */
export function registerBodies(app: App): void {
  app.register(formbody)
  app.register(multipart)
  app.addHook('preValidation', async (request) => {
    if (!request.isMultipart() || request.is404 || request.routeOptions.config.readsMultipart) return
    request.body = await readFields(request)
  })
}

/**
 * Reads a form that may have one file, `attachment`, anywhere among its fields. The file is stored when this resolves and the caller's to
 * delete if nothing comes to refer to it; when this rejects there is none. Of a field that comes twice the last counts.
 */
export async function readMultipart(request: FastifyRequest, storage: Storage): Promise<Upload> {
  const fields = new Map<string, string>()
  let file: UploadedFile | undefined
  try {
    requireLength(request, largestForm, tooLarge(largestAttachment))
    for await (const part of parsedParts(request, largestAttachment + 1)) {
      if (part.type === 'field') fields.set(part.fieldname, fieldText(part))
      else if (part.filename === '') part.file.resume()
      else if (part.fieldname !== 'attachment') throw unexpectedFile(part.fieldname)
      else if (file) throw invalid('attachment', 'Only one file can be sent with a message.')
      else file = await storeFile(part, request, storage)
    }
    if (fields.get('attachment')) throw invalid('attachment', 'The submitted data was not a file. Check the encoding type on the form.')
  } catch (error) {
    drain(request)
    if (file) await deleteAttachment(storage, file.key, request.log)
    throw error
  }
  return { fields: Object.fromEntries(withoutEmpty(fields)), ...(file && { file }) }
}

async function storeFile(part: MultipartFile, request: FastifyRequest, storage: Storage): Promise<UploadedFile> {
  const name = cleanFileName(part.filename)
  requireKind(name)
  const { key, size } = await storage.store(fileBytes(part.file), largestAttachment)
  try {
    if (part.file.truncated) throw tooLarge(largestAttachment)
    if (size === 0) throw invalid('attachment', 'The submitted file is empty.')
    const stored = await storage.open(key)
    if (!stored) throw new Error('a file is gone that was just stored')
    const { type, messageType } = await requireContent(name, stored.stream)
    return { key, name, size, type, messageType }
  } catch (error) {
    await deleteAttachment(storage, key, request.log)
    throw error
  }
}

/** Forms cannot leave a field out: an empty one is a missing one, save for the text itself. */
function withoutEmpty(fields: Map<string, string>): [string, string][] {
  return [...fields].filter(([name, value]) => value !== '' || name === 'content')
}

/** The fields of a form that takes no files. */
async function readFields(request: FastifyRequest): Promise<Record<string, unknown>> {
  const fields = new Map<string, unknown[]>()
  const limit = request.routeOptions.bodyLimit
  const error = new ChatError('too_large', 'Request body is too large')
  let length = 0
  try {
    requireLength(request, limit, error)
    for await (const part of parsedParts(request, 1)) {
      if (part.type === 'file') throw unexpectedFile(part.fieldname)
      const value = fieldValue(part)
      length += typeof value === 'string' ? value.length : 0
      if (length > limit) throw error
      fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), value])
    }
  } catch (error) {
    drain(request)
    throw error
  }
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]))
}

function unexpectedFile(field: string): ChatError {
  return invalid(field, 'A file is not expected here.')
}
