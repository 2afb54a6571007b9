import type { RawData, WebSocket } from 'ws'
import { closeCodes } from '../schemas/socket.ts'
import { connectionOf } from './client-socket.ts'
import type { Connection } from './connection.ts'

/** Commands of one socket that wait for an answer at most; then it is not read until half of them have theirs. */
const commandsInFlight = 64

/** Listens to what clients send, and to whether they are still there. All sockets have the same listeners. */
export function createListening(obey: (connection: Connection, text: string) => Promise<void>) {
  function onMessage(this: WebSocket, content: RawData, isBinary: boolean) {
    const connection = connectionOf(this)
    if (connection.closed) return
    if (isBinary) return connection.close(closeCodes.unsupported)
    begin(connection)
    void obey(connection, String(content)).finally(() => end(connection))
  }

  return function listenTo({ socket }: Connection): void {
    socket.on('message', onMessage)
    socket.on('pong', onPong)
    socket.on('ping', onPing)
    // A close follows every error, with its code: too large, not UTF-8, not the protocol.
    socket.on('error', ignore)
    socket.on('close', onClose)
  }
}

function begin(connection: Connection) {
  if (++connection.inFlight >= commandsInFlight) connection.socket.pause()
}

function end(connection: Connection) {
  const { socket, established } = connection
  if (--connection.inFlight <= commandsInFlight / 2 && socket.isPaused && established) socket.resume()
}

function onPong(this: WebSocket) {
  connectionOf(this).heardAt = performance.now()
}

function onPing(this: WebSocket, content: Buffer) {
  const connection = connectionOf(this)
  if (!connection.closed && connection.hasRoom()) this.pong(content)
}

function onClose(this: WebSocket) {
  connectionOf(this).terminate()
}

function ignore() {}
