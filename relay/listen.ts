import type { RawData } from 'ws'
import { closeCodes } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'

/** Commands of one socket that wait for an answer at most; then it is not read until half of them have theirs. */
const commandsInFlight = 64

/** Listens to what a client sends, and to whether he is still there. */
export function listenTo(connection: Connection, obey: (connection: Connection, text: string) => Promise<void>): void {
  const { socket } = connection
  let inFlight = 0

  function begin() {
    if (++inFlight >= commandsInFlight) socket.pause()
  }

  function end() {
    if (--inFlight <= commandsInFlight / 2 && socket.isPaused && connection.established) socket.resume()
  }

  socket.on('message', (content: RawData, isBinary: boolean) => {
    if (connection.closed) return
    if (isBinary) return connection.close(closeCodes.unsupported)
    begin()
    void obey(connection, String(content)).finally(end)
  })
  socket.on('pong', () => {
    connection.heardAt = performance.now()
  })
  socket.on('ping', (content: Buffer) => {
    if (!connection.closed && connection.hasRoom()) socket.pong(content)
  })
  // A close follows every error, with its code: too large, not UTF-8, not the protocol.
  socket.on('error', () => undefined)
  socket.on('close', () => connection.terminate())
}
