import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ChatError } from '../../schemas/errors.ts'
import { openIncoming } from './incoming.ts'
import type { ByteRange, FileKey, Storage } from './storage.ts'

const keyShape = /^[0-9a-f]{40}$/
const noRoomLeft = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** A folder of this service alone: `ab/cd/<key>` for whole files, `incoming/` for those being written. Creates it, and sweeps it. */
export async function openDiskStorage(folder: string): Promise<Storage> {
  const incoming = await openIncoming(join(folder, 'incoming'))
  await incoming.sweep()
  return {
    store: async (source, limitBytes) => {
      const key = randomBytes(20).toString('hex')
      const temporary = incoming.path(key)
      try {
        const size = await write(temporary, source, limitBytes)
        await moveInto(folder, key, temporary)
        return { key, size }
      } catch (error) {
        for (const path of [temporary, shardedPath(folder, key)]) await rm(path, { force: true })
        throw hasCode(error, ...noRoomLeft) ? new ChatError('unavailable', 'There is no room left to store files.') : error
      }
    },
    open: (key, range) => openFile(pathOf(folder, key), range),
    delete: async (key) => {
      const path = pathOf(folder, key)
      if (path) await rm(path, { force: true })
    },
    sweep: incoming.sweep,
  }
}

async function write(path: string, source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    let size = 0
    for await (const chunk of source) {
      size += chunk.byteLength
      if (size > limitBytes) throw tooLarge(limitBytes)
      await file.writeFile(chunk)
    }
    await file.sync()
    return size
  } finally {
    await file.close()
  }
}

/** After this the file outlives a power cut: its bytes were synced before, the entries in its folders are now. */
async function moveInto(folder: string, key: FileKey, temporary: string): Promise<void> {
  const path = shardedPath(folder, key)
  const shard = dirname(path)
  const created = await mkdir(shard, { recursive: true, mode: 0o700 })
  await rename(temporary, path)
  const changed = created ? [shard, dirname(shard), folder] : [shard]
  for (const each of changed) await syncFolder(each)
}

async function syncFolder(path: string): Promise<void> {
  const entries = await open(path, 'r')
  await entries.sync().finally(() => entries.close())
}

async function openFile(path: string | undefined, range: ByteRange | undefined): ReturnType<Storage['open']> {
  const file = path && (await openUnlessMissing(path))
  if (!file) return undefined
  try {
    const { size } = await file.stat()
    return { stream: file.createReadStream({ ...range, autoClose: true }), size }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openUnlessMissing(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function pathOf(folder: string, key: FileKey): string | undefined {
  return keyShape.test(key) ? shardedPath(folder, key) : undefined
}

function shardedPath(folder: string, key: FileKey): string {
  return join(folder, key.slice(0, 2), key.slice(2, 4), key)
}

export function tooLarge(limitBytes: number): ChatError {
  return new ChatError('too_large', `The file is too large: at most ${limitBytes / 1024 / 1024} MB.`)
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
