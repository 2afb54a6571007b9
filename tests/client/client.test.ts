import { expect, test } from 'vitest'
import {
  type ChatClient,
  type ClientOptions,
  comparable,
  createChatClient,
  listMessages,
  type RoomState,
  stateFromRest,
  type Wake,
} from '../../public/client/index.ts'
import type { DurableFrame } from '../../schemas/socket.ts'
import { FakeClock, settled } from './support/fake-clock.ts'
import { FakeService } from './support/fake-service.ts'
import type { ModelRoom } from './support/model-room.ts'

const roomId = '0190aaaa-0000-7000-8000-000000000001'
const otherId = '0190bbbb-0000-7000-8000-000000000002'

async function world(options: Partial<ClientOptions> = {}) {
  const clock = new FakeClock()
  const service = new FakeService(clock)
  const room = service.room(roomId, [1, 2])
  let wake: (wake: Wake) => void = () => undefined
  const watchWake: ClientOptions['watchWake'] = (listener) => {
    const before = wake
    wake = (sign) => {
      before(sign)
      listener(sign)
    }
    return () => undefined
  }
  const { fetch, WebSocket } = service
  const client = createChatClient({
    baseUrl: 'http://chat.test',
    fetch,
    WebSocket,
    clock,
    random: () => 0.5,
    watchWake,
    lock: (_, run) => run(),
    ...options,
  })
  const frames: DurableFrame[] = []
  client.on('frame', (frame) => frames.push(frame))
  const line = () => {
    const socket = service.opened.at(-1)
    if (!socket) throw new Error('no socket was opened')
    return socket
  }
  return { clock, service, room, client, frames, line, wake: (sign: Wake) => wake(sign) }
}

async function signedIn(options: Partial<ClientOptions> = {}) {
  const all = await world(options)
  await all.client.signIn?.signIn('me', 'right')
  await all.client.start()
  await settled()
  return all
}

function fresh(room: ModelRoom) {
  return comparable(stateFromRest(room.room(), { messages: room.messages().results, range: { from: 0, to: Infinity } }))
}

function shown(client: ChatClient) {
  const state = client.rooms.state(roomId)
  return state && comparable(state)
}

test('a watched room equals a fresh one after a cut with messages, edits, deletions and receipts in it', async () => {
  const { client, room, service, clock, line, frames } = await signedIn()
  client.rooms.watch(roomId)
  await settled()
  const first = room.send(2, 'first', null)
  const second = room.send(2, 'second', null)
  service.publish(room.changes(room.head - 2))
  line().drop(1006)
  room.edit(first.id, 'first, edited')
  room.delete(second.id)
  room.send(2, 'third', null)
  room.read(2, room.send(1, 'mine from elsewhere', null))
  await clock.advance(1_000)
  expect(client.status.phase).toBe('open')
  expect(shown(client)).toEqual(fresh(room))
  expect(frames.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8])
})

test('receipts missed during a cut come although nothing else was missed', async () => {
  const { client, room, clock, line } = await signedIn()
  client.rooms.watch(roomId)
  const message = room.send(1, 'read me', null)
  await clock.advance(4_000)
  line().drop(1006)
  room.read(2, message)
  await clock.advance(5_000)
  expect(shown(client)?.messages.at(-1)?.read_by).toEqual([2])
})

test('a hole that no resume fills is filled by REST', async () => {
  const { client, room, service, clock, frames } = await signedIn()
  service.answersResume = false
  service.losing = true
  room.send(2, 'lost', null)
  service.losing = false
  room.send(2, 'seen', null)
  service.publish(room.changes(room.head - 1))
  expect(frames).toEqual([])
  await clock.advance(15_000)
  expect(frames.map(({ seq }) => seq)).toEqual([3, 4])
  expect(client.rooms.cursor(roomId)?.seq).toBe(4)
})

test('a resync reloads the room and goes on from there', async () => {
  const { client, room, service, line, frames, clock } = await signedIn()
  client.rooms.watch(roomId)
  await settled()
  for (let count = 0; count < 10; count += 1) room.send(2, `text ${count}`, null)
  line().hear({ type: 'resync', room_id: roomId, seq: room.head, epoch: 1 })
  room.send(2, 'after', null)
  service.publish(room.changes(room.head - 1))
  await clock.advance(100)
  expect(shown(client)).toEqual(fresh(room))
  expect(frames.map(({ seq }) => seq)).toEqual([13])
})

test('another epoch reloads everything', async () => {
  const { client, room, service, line, clock } = await signedIn()
  client.rooms.watch(roomId)
  await settled()
  service.publish(room.do({ kind: 'send', user: 2, text: 'lost in the restore', quote: undefined }))
  room.lose(1)
  service.epoch = 2
  line().drop(1012)
  room.send(2, 'another history', null)
  await clock.advance(5_000)
  expect(shown(client)).toEqual(fresh(room))
})

test('rooms appear when I join and vanish when I am removed, and late doubles do not bring them back', async () => {
  const { client, service, frames } = await signedIn()
  const seen: string[] = []
  client.on('appeared', ({ room_id }) => seen.push(`+${room_id.slice(0, 8)}`))
  client.on('vanished', ({ room_id }) => seen.push(`-${room_id.slice(0, 8)}`))
  const other = service.room(otherId, [2])
  const joined = other.join(1)
  const removed = other.leave(1)
  service.publish([joined, removed, joined, removed])
  expect(seen).toEqual(['+0190bbbb', '-0190bbbb'])
  expect(frames.map(({ seq }) => seq)).toEqual([2, 3])
})

test('a message leaves over the socket, and its bubble stays until the frame is applied', async () => {
  const { client, service, line, room } = await signedIn()
  client.rooms.watch(roomId)
  await settled()
  service.losing = true
  client.send(roomId, 'hello')
  await settled()
  expect(line().sent.at(-1)).toMatchObject({ type: 'chat_message', message: 'hello', room_id: roomId })
  expect(client.outbox.list(roomId)).toMatchObject([{ status: 'sent' }])
  service.losing = false
  service.publish(room.changes(room.head - 1))
  expect(client.outbox.list(roomId)).toEqual([])
  expect(shown(client)?.messages.map(({ content }) => content)).toEqual(['hello'])
})

test('a bubble stays while the room that shows its message is being reloaded', async () => {
  const { client, service, line, room, clock } = await signedIn()
  client.rooms.watch(roomId)
  await settled()
  service.losing = true
  client.send(roomId, 'hello')
  await settled()
  service.offline = true
  line().hear({ type: 'resync', room_id: roomId, seq: room.head, epoch: 1 })
  await clock.advance(1_000)
  expect(client.outbox.list(roomId)).toHaveLength(1)
  service.offline = false
  await clock.advance(60_000)
  expect(client.outbox.list(roomId)).toEqual([])
  expect(shown(client)?.messages.map(({ content }) => content)).toEqual(['hello'])
})

test('a state older than what was applied before it was asked for is loaded again', async () => {
  const { client, service, room, clock } = await signedIn()
  service.publish(room.do({ kind: 'send', user: 2, text: 'hello', quote: undefined }))
  let lagging = true
  service.intercept = ({ path }) => {
    if (!lagging || !path.endsWith(`${roomId}/`)) return undefined
    lagging = false
    return [200, { ...room.room(), seq: 2 }]
  }
  client.rooms.watch(roomId)
  await settled()
  expect(client.rooms.state(roomId)).toBeUndefined()
  await clock.advance(5_000)
  expect(shown(client)).toEqual(fresh(room))
})

test('what was queued offline leaves in order, once each', async () => {
  const { client, service, line, room, clock, wake } = await signedIn()
  service.offline = true
  line().drop(1006)
  for (const text of ['one', 'two', 'three']) client.send(roomId, text)
  await clock.advance(40_000)
  expect(client.outbox.list(roomId)).toHaveLength(3)
  service.offline = false
  wake('online')
  await clock.advance(100)
  expect(client.outbox.list(roomId)).toEqual([])
  expect(room.messages().results.map(({ content }) => content)).toEqual(['three', 'two', 'one'])
})

test('an ack lost with its socket makes no second message', async () => {
  const { client, service, line, room, clock } = await signedIn()
  service.silent = true
  client.send(roomId, 'once')
  await settled()
  const [{ client_id } = { client_id: '' }] = client.outbox.list(roomId)
  service.stored.set(client_id, room.send(1, 'once', client_id))
  service.silent = false
  line().drop(1006)
  await clock.advance(5_000)
  expect(client.outbox.list(roomId)).toEqual([])
  expect(room.messages().results).toHaveLength(1)
})

test('a late ack asks for a sign of life, and a dead line is given up before the message fails', async () => {
  const { client, service, line, clock } = await signedIn()
  line().deaf = true
  client.send(roomId, 'into the void')
  await clock.advance(9_000)
  expect(service.opened).toHaveLength(2)
  expect(client.outbox.list(roomId)).toEqual([])
})

test('a refusal is kept with its reason, and a room that is too fast only waits', async () => {
  const { client, service, clock } = await signedIn()
  service.refuseSend = { code: 'too_many_requests', retry_after: 3 }
  client.send(roomId, 'hello')
  await clock.advance(20_000)
  expect(client.outbox.list(roomId)[0]?.status).not.toBe('failed')
  service.refuseSend = { code: 'not_participant' }
  await clock.advance(4_000)
  expect(client.outbox.list(roomId)).toMatchObject([{ status: 'failed', failure: { code: 'not_participant', message: 'refused' } }])
})

test('older messages join what is loaded, and an edit that came meanwhile is not undone', async () => {
  const { client, room, service } = await signedIn()
  for (let count = 0; count < 80; count += 1) room.send(2, `text ${count}`, null)
  client.rooms.watch(roomId)
  await settled()
  const state = client.rooms.state(roomId)
  expect(state?.ranges).toEqual([{ from: 33, to: Infinity }])
  const asked = client.rooms.loadMore(roomId, { before: 33 })
  const old = room.messages({ before: 10 }).results[0]
  room.edit(old?.id ?? '', 'edited')
  service.publish(room.changes(2).slice(-1))
  service.publish(room.changes(2))
  await asked
  const all = client.rooms.state(roomId)
  expect(all?.ranges).toEqual([{ from: 0, to: Infinity }])
  expect(all && listMessages(all)).toHaveLength(80)
  expect(all?.messages.get(old?.id ?? '')?.content).toBe('edited')
})

test('older messages that came while a room was loaded anew stay in it, unless something has happened since', async () => {
  const { client, room } = await signedIn()
  for (let count = 0; count < 80; count += 1) room.send(2, `text ${count}`, null)
  const again = async (cached?: RoomState) => {
    client.rooms.unwatch(roomId)
    client.rooms.watch(roomId, cached)
    if (cached) await client.rooms.loadMore(roomId, { before: 33 })
    await settled()
    return client.rooms.state(roomId)
  }
  const cached = await again()
  expect((await again(cached))?.ranges).toEqual([{ from: 0, to: Infinity }])
  expect(shown(client)).toEqual(fresh(room))
  room.edit(room.messages({ before: 10 }).results[0]?.id ?? '', 'edited unheard')
  expect((await again(cached))?.ranges).toEqual([{ from: 33, to: Infinity }])
})

test('signing in as another user forgets the rooms of the first', async () => {
  const { client, service, clock } = await signedIn()
  await client.signIn?.signOut()
  expect(client.status.phase).toBe('signed_out')
  service.me = 2
  service.rooms.delete(roomId)
  service.room(otherId, [2])
  await client.signIn?.signIn('other', 'right')
  await clock.advance(100)
  expect([client.me, client.rooms.ids()]).toEqual([2, [otherId]])
})
