import type { Readable } from 'node:stream'

/** Names a stored file: random, never chosen by a client, and only ever made by `store`. */
export type FileKey = string

/** Bytes `start` to `end` of a file, both included. */
export type ByteRange = { start: number; end: number }

/** Where attachments are kept: a folder now, an object store later. Files never change once stored. */
export type Storage = {
  /**
   * Keeps all bytes of the source, durably, or nothing. Rejects with the source's own error, with `too_large` past the limit, with
   * `unavailable` when there is no room left.
   */
  store(source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<{ key: FileKey; size: number }>
  /** Undefined when there is no such file. `size` is the whole file's. The caller reads the stream to its end or destroys it. */
  open(key: FileKey, range?: ByteRange): Promise<{ stream: Readable; size: number } | undefined>
  /** A file that is gone already is no error. */
  delete(key: FileKey): Promise<void>
  /** Removes what a crash has left half written. */
  sweep(): Promise<void>
}
