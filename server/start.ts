import { StartError } from '../db/start-error.ts'

type SystemError = { code?: string; port?: number; path?: string; syscall?: string; message?: string; stack?: string }

/** Why it could not start, as one sentence where we know it. */
export function explainStart(error: unknown): string {
  if (error instanceof StartError) return error.message
  const known = error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause : error
  const { code, port, path, syscall, message, stack } = known as SystemError
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by another program. Set PORT to a free one.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'HOST (or INTERNAL_HOST) is not an address of this machine.'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EEXIST':
      return path ? `The ${whatFails(code, syscall, path)}.` : `Port ${port} may not be used by this user. Set PORT to one above 1023.`
    case '42P01':
      return 'The database has not been migrated. Run npm run db:migrate first.'
    case 'ECONNREFUSED':
    case 'CONNECT_TIMEOUT':
      return 'The database at DATABASE_URL cannot be reached.'
    default:
      return stack ?? String(message)
  }
}

function whatFails(code: string, syscall: string | undefined, path: string): string {
  if (syscall === 'mkdir') return `folder ${path} cannot be made or written`
  return code === 'ENOENT' ? `file ${path} is missing` : `file ${path} cannot be opened`
}
