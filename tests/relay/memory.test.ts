import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { range } from './support/ordered.ts'
import { rawUpgrade } from './support/raw-socket.ts'
import { startRelay } from './support/relay.ts'

const many = 100
const greeting = 'connection_established'

/** Objects of this process of any kind: functions, arrays and promises, too. Garbage is collected before. */
const countObjects = () => queryObjects(Object, { format: 'count' })

/** How many objects there are more with each of many connections, which have both their ends in this process. */
async function objectsEach(connect: (userId: number) => Promise<Socket>): Promise<number> {
  async function open(userIds: number[]) {
    const wires = await Promise.all(userIds.map(connect))
    onTestFinished(() => wires.forEach((wire) => void wire.destroy()))
    await Promise.all(wires.map(greeted))
  }
  // What is made once, and with the first few, is no part of it.
  await open(range(1, many))
  const before = countObjects()
  await open(range(many + 1, 2 * many))
  return Math.round((countObjects() - before) / many)
}

/** Resolves when the first frame has come. What comes later is read and dropped. */
function greeted(wire: Socket): Promise<void> {
  return new Promise((resolve) => {
    let text = ''
    wire.on('data', function read(part) {
      text += part
      if (!text.includes(greeting)) return
      wire.off('data', read).resume()
      resolve()
    })
  })
}

/** Sockets with as many listeners as ours have, and nothing else. */
async function bareServer(): Promise<number> {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false, autoPong: false })
  const listen = () => undefined
  sockets.on('connection', (socket) => {
    for (const event of ['message', 'ping', 'pong', 'error', 'close']) socket.on(event, listen)
    socket.send(greeting)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('an idle connection is six objects beyond a bare socket, and keeps nothing of its upgrade', { timeout: 60_000 }, async () => {
  const barePort = await bareServer()
  const ofBare = await objectsEach(() => rawUpgrade(barePort, '/'))
  const { backend, port } = await startRelay()
  // The model remembers what it was asked.
  backend.beforeAnswer = () => {
    backend.asked.length = 0
  }
  const room = backend.room(...range(1, 2 * many))
  const ours = await objectsEach((userId) => rawUpgrade(port, `/ws/chat/${room.id}/?token=${backend.token(userId)}`))
  // Itself, its seats, the seat, who it is, his user, and the list of his connections.
  expect(ours).toBe(ofBare + 6)
})
