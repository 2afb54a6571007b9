import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { onSteering, type Steering } from './steering.ts'

export type Failpoints = {
  beforePublish(): void
  afterPublish(): void
  onDrop(listener: (count: number) => void): void
}

/** Long enough for what was published to leave, in milliseconds. */
const lastWords = 50

/** The moments at which the harness may have this process die. */
export function openFailpoints(): Failpoints {
  const clients = acceptedSockets()
  let armed: Steering['do'] | undefined
  let drop: (count: number) => void = () => undefined
  onSteering((steering) => {
    if (steering.do === 'drop') drop(steering.count)
    else armed = steering.do
  })
  return {
    beforePublish() {
      if (armed === 'die before publish') die()
    },
    afterPublish() {
      if (armed !== 'die before ack') return
      armed = undefined
      // From here on no answer leaves, whoever waits for it.
      for (const client of clients) client.cork()
      setTimeout(die, lastWords)
    },
    onDrop(listener) {
      drop = listener
    },
  }
}

/** Everybody who has connected to this process: clients and relays. */
function acceptedSockets(): Set<Socket> {
  const sockets = new Set<Socket>()
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function die() {
  process.kill(process.pid, 'SIGKILL')
}
