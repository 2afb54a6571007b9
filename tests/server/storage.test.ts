import { mkdir, open, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ChatError } from '../../schemas/errors.ts'
import { deleteAttachment } from '../../server/storage/delete.ts'
import { openDiskStorage } from '../../server/storage/disk.ts'
import type { Storage } from '../../server/storage/storage.ts'
import { createFolder, filesIn, openFilesIn } from '../support/folder.ts'
import { until } from '../support/until.ts'

let folder: Awaited<ReturnType<typeof createFolder>>
let storage: Storage

beforeAll(async () => {
  folder = await createFolder()
  storage = await openDiskStorage(folder.path)
})
afterAll(() => folder[Symbol.asyncDispose]())
afterEach(() => {
  vi.restoreAllMocks()
})

const source = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))

async function contentOf(key: string, range?: { start: number; end: number }) {
  const file = await storage.open(key, range)
  return file && { size: file.size, text: (await buffer(file.stream)).toString() }
}

test('a stored file is read back whole or in part, and is for nobody else on the machine', async () => {
  const { key, size } = await storage.store(source('hello ', 'world'), 11)
  expect(size).toBe(11)
  expect(await contentOf(key)).toEqual({ size: 11, text: 'hello world' })
  expect(await contentOf(key, { start: 4, end: 6 })).toEqual({ size: 11, text: 'o w' })
  const path = (await filesIn(folder.path)).find((each) => each.endsWith(key)) ?? ''
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('the same bytes get another key each time', async () => {
  const stored = await Promise.all([1, 2, 3].map(() => storage.store(source('same'), 10)))
  expect(new Set(stored.map(({ key }) => key)).size).toBe(3)
})

test('a deleted file is gone, and deleting it again is no error', async () => {
  const { key } = await storage.store(source('x'), 10)
  await storage.delete(key)
  await storage.delete(key)
  expect(await storage.open(key)).toBeUndefined()
})

test('a key is never taken as a path', async () => {
  const outside = join(folder.path, 'outside')
  await writeFile(outside, 'secret')
  for (const key of ['../outside', outside, 'outside', '', '\0', 'A'.repeat(40), `${'a'.repeat(39)}/`]) {
    expect(await storage.open(key)).toBeUndefined()
    await storage.delete(key)
  }
  expect((await stat(outside)).size).toBe(6)
})

test('one byte over the limit leaves nothing', async () => {
  const before = await filesIn(folder.path)
  await expect(storage.store(source('12345', '678901'), 10)).rejects.toMatchObject({ code: 'too_large' })
  expect(await filesIn(folder.path)).toEqual(before)
})

test('a source that fails leaves nothing, and its own error is passed on', async () => {
  const before = await filesIn(folder.path)
  const failing = new Readable({ read() {} })
  failing.push('half')
  const stored = storage.store(failing, 100)
  await until(async () => (await openFilesIn(folder.path)).length > 0 || process.platform !== 'linux')
  failing.destroy(new Error('cut off'))
  await expect(stored).rejects.toThrow('cut off')
  expect(await filesIn(folder.path)).toEqual(before)
  expect(await openFilesIn(folder.path)).toEqual([])
})

test('a full disk is told as such and leaves nothing', async () => {
  const before = await filesIn(folder.path)
  const handle = await open(join(folder.path, 'outside'), 'r')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  vi.spyOn(prototype, 'sync').mockRejectedValueOnce(full)
  await expect(storage.store(source('x'), 10)).rejects.toEqual(new ChatError('unavailable', 'There is no room left to store files.'))
  expect(await filesIn(folder.path)).toEqual(before)
})

test('what a crash left half written goes at the next start; what another process is writing stays', async () => {
  await using own = await createFolder()
  const incoming = join(own.path, 'incoming')
  await openDiskStorage(own.path)
  const handle = await holdHalfWritten(own.path)
  const machine = handle.name.split('-')[0] ?? ''
  await mkdir(incoming, { recursive: true })
  const ended = join(incoming, `${machine}-99999999-aa`)
  const former = join(incoming, `${machine}-${process.pid}-bb`)
  const parent = join(incoming, `${machine}-${process.ppid}-cc`)
  const elsewhere = join(incoming, 'ffffffffffff-1-dd')
  const forgotten = join(incoming, 'ffffffffffff-1-ee')
  for (const path of [ended, former, parent, elsewhere, forgotten]) await writeFile(path, 'half')
  const longAgo = new Date(Date.now() - 24 * 60 * 60 * 1000)
  for (const path of [former, forgotten]) await utimes(path, longAgo, longAgo)

  await openDiskStorage(own.path)
  expect(new Set(await filesIn(incoming))).toEqual(new Set([join(incoming, handle.name), parent, elsewhere]))
  await handle.end()
})

test('deleting that fails is logged and not thrown', async () => {
  const log = { error: vi.fn() }
  const broken: Storage = { ...storage, delete: () => Promise.reject(new Error('disk on fire')) }
  await deleteAttachment(broken, 'k', log)
  expect(log.error).toHaveBeenCalledOnce()
})

/** An upload of this process that has begun and waits for more. */
async function holdHalfWritten(path: string) {
  const upload = new Readable({ read() {} })
  upload.push('half')
  const done = (await openDiskStorage(path)).store(upload, 100)
  const written = async () => (await filesIn(join(path, 'incoming'))).at(0)
  await until(async () => (await written()) !== undefined)
  const name = (await written())?.split('/').at(-1) ?? ''
  const end = () => {
    upload.push(null)
    return done
  }
  return { name, end }
}
