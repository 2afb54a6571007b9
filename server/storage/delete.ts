import type { FileKey, Storage } from './storage.ts'

type Log = { error(facts: object, message: string): void }

/** For a file whose message is gone or was never stored. Never rejects: the log tells what stayed behind. */
export async function deleteAttachment(storage: Storage, key: FileKey, log: Log): Promise<void> {
  try {
    await storage.delete(key)
  } catch (err) {
    log.error({ err, key }, 'an attachment could not be deleted')
  }
}
