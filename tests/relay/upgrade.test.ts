import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { ChatError } from '../../schemas/errors.ts'
import { until } from '../support/until.ts'
import { startRelay } from './support/relay.ts'

test('without a token, with a bad one or with two the upgrade is refused with 401 and a body', async () => {
  const { backend, refused } = await startRelay()
  const room = backend.room(1)
  const path = `/ws/chat/${room.id}/`
  const without = await refused(path)
  expect(without).toMatchObject({ status: 401, body: { detail: 'Authentication credentials were not provided.' } })
  expect(without.headers['www-authenticate']).toBe('Bearer realm="api"')
  expect(await refused(`${path}?token=`)).toMatchObject({ status: 401 })
  expect(await refused(`${path}?token=nonsense`)).toMatchObject({ status: 401, body: { code: 'token_not_valid' } })
  const good = backend.token(1)
  expect(await refused(`${path}?token=${good}&token=${good}`)).toMatchObject({ status: 401, body: { code: 'token_not_valid' } })
})

test('who is not in the room is refused with 403', async () => {
  const { backend, refused } = await startRelay()
  const room = backend.room(1)
  expect(await refused(`/ws/chat/${room.id}/?token=${backend.token(2)}`)).toMatchObject({ status: 403 })
})

test.each(['/', '/ws', '/ws/chat/not-a-uuid/', '/ws/chat/%00/', `/ws/chat/${randomUUID()}/more/`, '/ws/chatter/', '//ws/chat/'])(
  'there is nothing at %s: 404',
  async (path) => {
    const { backend, refused } = await startRelay()
    expect(await refused(`${path}?token=${backend.token(1)}`)).toMatchObject({ status: 404, body: { detail: 'Not found.' } })
  },
)

test('a room is reached with and without the last slash, in any letter case', async () => {
  const { backend, socketAt } = await startRelay()
  const room = backend.room(1)
  for (const path of [`/ws/chat/${room.id}/`, `/ws/chat/${room.id}`, `/ws/chat/${room.id.toUpperCase()}/`]) {
    const frame = await socketAt(`${path}?token=${backend.token(1)}`).next('connection_established')
    expect(frame).toEqual({
      type: 'connection_established',
      room_id: room.id,
      unread_count: 0,
      user_id: 1,
      username: 'user1',
      seq: 1,
      epoch: 1,
    })
  }
  await socketAt(`/ws/chat?token=${backend.token(1)}`).opened()
})

test('an Origin must be our own host or allowed; native apps send none', async () => {
  const { backend, refused, socketAt, port } = await startRelay({ allowedOrigins: ['https://chat.example.com'] })
  const path = `/ws/chat/?token=${backend.token(1)}`
  for (const origin of ['https://evil.example.com', 'null', 'https://chat.example.com.evil.com', `http://127.0.0.1:${port + 1}`])
    expect(await refused(path, { origin })).toMatchObject({ status: 403 })
  for (const origin of ['https://chat.example.com', `http://127.0.0.1:${port}`]) await socketAt(path, { origin }).opened()
  await socketAt(path).opened()
})

test('a user has 20 sockets at most; when one closes there is room for another', async () => {
  const { backend, refused, enterAll } = await startRelay()
  const sockets = await Promise.all(Array.from({ length: 20 }, () => enterAll(1)))
  const path = `/ws/chat/?token=${backend.token(1)}`
  expect(await refused(path)).toMatchObject({ status: 429 })
  await enterAll(2)
  sockets[0]?.socket.close()
  await sockets[0]?.closed()
  await enterAll(1)
  expect(await refused(path)).toMatchObject({ status: 429 })
})

test('many upgrades at once of one user are counted too', async () => {
  const { backend, socketAt } = await startRelay()
  const all = Array.from({ length: 40 }, () => socketAt(`/ws/chat/?token=${backend.token(1)}`))
  await until(() => all.filter(({ frames }) => frames.length > 0).length === 20)
  await until(() => all.filter(({ closeCode }) => closeCode !== undefined).length === 20)
})

test('while no server answers the upgrade is refused with 503', async () => {
  const { backend, refused } = await startRelay()
  backend.up = false
  expect(await refused(`/ws/chat/?token=${backend.token(1)}`)).toMatchObject({ status: 503 })
})

test('a refusal says when to try again, and an unknown failure says nothing', async () => {
  const { backend, refused, logged } = await startRelay()
  const path = `/ws/chat/?token=${backend.token(1)}`
  backend.refuse = () => new ChatError('too_many_requests', 'Slow down.', 1.2)
  expect((await refused(path)).headers['retry-after']).toBe('2')
  backend.refuse = () => {
    throw new TypeError('secret inside')
  }
  const answer = await refused(path)
  expect(answer).toMatchObject({ status: 500, body: { detail: 'Internal server error' } })
  expect(JSON.stringify(answer.body)).not.toContain('secret')
  expect(logged.join()).not.toContain(backend.token(1))
})

test('who goes away while the server is asked leaves nothing behind', async () => {
  const { backend, port, enterAll } = await startRelay()
  let answer: () => void = () => undefined
  backend.beforeAnswer = ({ name }) => (name === 'authorize' ? new Promise<void>((resolve) => (answer = resolve)) : undefined)
  const wire = connect(port, '127.0.0.1')
  wire.on('error', () => undefined)
  wire.write(
    `GET /ws/chat/?token=${backend.token(1)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  await until(() => backend.count('authorize') === 1)
  wire.resetAndDestroy()
  answer()
  backend.beforeAnswer = () => undefined
  await Promise.all(Array.from({ length: 20 }, () => enterAll(1)))
})

test('what is said before the first frame is answered after it', async () => {
  const { backend, socketAt } = await startRelay()
  const room = backend.room(1)
  const client = socketAt(`/ws/chat/${room.id}/?token=${backend.token(1)}`)
  await new Promise((resolve) => client.socket.on('open', resolve))
  client.say({ type: 'ping' })
  await client.next('pong')
  expect(client.frames.map(({ type }) => type)).toEqual(['connection_established', 'pong'])
})
