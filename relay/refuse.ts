import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { ChatError, errorTable } from '../schemas/errors.ts'

/** Answers an upgrade that is not granted, as REST would, and ends the connection. Anything but a ChatError is answered as an internal error. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy()
  const refusal = error instanceof ChatError ? error : new ChatError('internal', internalBody)
  const { status } = errorTable[refusal.code]
  const body = JSON.stringify(refusal.body)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: private, no-store',
    ...(status === 401 ? ['WWW-Authenticate: Bearer realm="api"'] : []),
    ...(refusal.retryAfter === undefined ? [] : [`Retry-After: ${Math.ceil(refusal.retryAfter)}`]),
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const internalBody = {
  success: false,
  error: 'An unexpected server error occurred. Please try again later.',
  detail: 'Internal server error',
}
