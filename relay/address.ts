import type { IncomingMessage } from 'node:http'
import { ChatError } from '../schemas/errors.ts'
import { Uuid } from '../schemas/fields.ts'
import type { Since } from './joining.ts'

/** What an upgrade asks for. `roomId` is undefined for the socket of all rooms. */
export type Address = { roomId: string | undefined; token: string; since: Since }

const path = /^\/ws\/chat(?:\/([^/]+))?\/?$/

/** Reads where an upgrade wants to. Throws a ChatError for what is no address of ours, or has no token. */
export function readAddress(request: IncomingMessage): Address {
  const [pathname = '', query = ''] = splitOnce(request.url ?? '')
  const [found, room] = path.exec(pathname) ?? []
  const roomId = room === undefined ? undefined : Uuid.safeParse(copyOf(room)).data
  if (found === undefined || (room !== undefined && roomId === undefined)) throw new ChatError('not_found', 'Not found.')
  const parameters = new URLSearchParams(query)
  return { roomId, token: readToken(parameters.getAll('token')), since: readSince(parameters.getAll('since')) }
}

/** A piece of a text keeps the whole of it in memory; here that would be the token, too. */
function copyOf(piece: string): string {
  return Buffer.from(piece).toString()
}

/** Native apps send no Origin. A browser's must be our own host's, or allowed. */
export function requireOrigin({ headers: { origin, host } }: IncomingMessage, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes(origin)) return
  if (URL.canParse(origin) && host !== undefined && new URL(origin).host === withoutDefaultPort(origin, host)) return
  throw new ChatError('permission_denied', 'This origin is not allowed.')
}

function withoutDefaultPort(origin: string, host: string): string | undefined {
  const url = `${new URL(origin).protocol}//${host}`
  return URL.canParse(url) ? new URL(url).host : undefined
}

function splitOnce(url: string): [string, string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function readToken(tokens: readonly string[]): string {
  const [token, another] = tokens
  if (!token) throw new ChatError('not_authenticated', 'Authentication credentials were not provided.')
  if (another === undefined) return token
  throw new ChatError('token_not_valid', { detail: 'Given token not valid for any token type', code: 'token_not_valid' })
}

function readSince(values: readonly string[]): Since {
  const [value, another] = values
  if (value === undefined) return undefined
  return another === undefined && /^\d{1,15}$/.test(value) ? Number(value) : 'malformed'
}
