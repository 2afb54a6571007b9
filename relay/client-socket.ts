import { WebSocket } from 'ws'
import type { Connection } from './connection.ts'

/** A socket that knows its connection: so all sockets share their listeners, where each would need some of its own. */
export class ClientSocket extends WebSocket {
  /** There before anybody listens. */
  declare connection: Connection
}

/** For listeners, whose `this` is the socket. */
export function connectionOf(socket: WebSocket): Connection {
  return (socket as ClientSocket).connection
}
