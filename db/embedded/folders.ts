import { closeSync, constants, openSync } from 'node:fs'
import { StartError } from '../start-error.ts'
import type { Account } from './processes.ts'

/** A folder as a child process is to call it: `name` in its arguments, `fds` after its three standard streams. */
export type LentFolder = { name: string; fds: number[]; close: () => void }

/**
 * Makes a folder reachable for a child that runs under another account. A clone in root's home (mode 0700) keeps its data in itself: the child gets the folder as
 * an open file descriptor and calls it by that, so the folders above need not let it through.
 */
export function lendFolder(folder: string, account: Account | undefined): LentFolder {
  if (!account || process.platform !== 'linux') return { name: folder, fds: [], close: () => undefined }
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  return { name: '/proc/self/fd/3', fds: [fd], close: () => closeSync(fd) }
}

const REASONS: Record<string, string> = {
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EIO: 'the disk answers with an error',
  ENOTDIR: 'part of the path is a file',
  EEXIST: 'part of the path is a file',
  ENOENT: 'the path does not exist and cannot be made',
  ENAMETOOLONG: 'the path is too long',
}

/** Turns what the operating system says about a folder into a sentence; anything else is a bug and passes as it is. */
export function folderError(folder: string, error: unknown): unknown {
  const reason = error instanceof Error && 'code' in error ? REASONS[String(error.code)] : undefined
  return reason
    ? new StartError(`The database cannot be kept in ${folder}: ${reason}; set DATA_DIR to another folder.`, { cause: error })
    : error
}
