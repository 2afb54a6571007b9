import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createChatClient } from '../../public/client/index.ts'
import { tokenOf } from './support/fake-service.ts'

test('it speaks through the sockets of ws, with the token of a host application', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const heard = new Promise<unknown>((resolve) =>
    server.on('connection', (socket) => {
      socket.on('message', (text) => resolve(JSON.parse(String(text))))
      socket.send(JSON.stringify({ type: 'connection_established', user_id: 7, username: 'bob', epoch: 1, rooms: [] }))
    }),
  )
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as AddressInfo
  const token = tokenOf(7, Date.now(), 1_800_000, 1)
  const client = createChatClient({ baseUrl: `http://127.0.0.1:${port}`, WebSocket, tokenProvider: async () => token })
  const established = new Promise((resolve) => client.on('established', resolve))
  await client.start()
  await established
  client.typing('0190aaaa-0000-7000-8000-000000000001', true)
  expect(await heard).toEqual({ type: 'typing', is_typing: true, room_id: '0190aaaa-0000-7000-8000-000000000001' })
  expect(client.me).toBe(7)
  await client.stop()
  server.close()
})
