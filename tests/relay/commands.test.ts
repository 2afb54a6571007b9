import { randomUUID } from 'node:crypto'
import { Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'

async function twoInRoom(options = {}) {
  const started = await startRelay({ options })
  const room = started.backend.room(1, 2)
  const [alice, bob] = [await started.enter(1, room), await started.enter(2, room)]
  return { ...started, room, alice, bob }
}

test('a message comes to everybody, and an ack only to a sender who named it', async () => {
  const { room, alice, bob } = await twoInRoom()
  alice.say({ type: 'chat_message', message: 'hello', client_id: 'c1' })
  const ack = await alice.next('ack')
  expect(ack).toMatchObject({ room_id: room.id, client_id: 'c1', seq: 3 })
  const frame = await bob.next('chat_message')
  expect(frame).toMatchObject({ seq: 3, room_id: room.id, message: { id: ack.id, content: 'hello', client_id: 'c1' } })
  bob.say({ type: 'chat_message', message: 'hi' })
  expect((await bob.next('chat_message')).message.content).toBe('hi')
  await until(() => alice.of('chat_message').length === 2)
  await bob.fence()
  expect(bob.of('ack')).toEqual([])
})

test('who sent a message is written to before all others', async () => {
  const { backend, enter } = await startRelay()
  backend.telling = true
  const room = backend.room(1, 2, 3, 4)
  const sockets = [await enter(1, room), await enter(2, room), await enter(3, room), await enter(4, room)]
  const write = vi.spyOn(Socket.prototype, 'write')
  onTestFinished(() => write.mockRestore())

  for (const sender of [3, 1, 2, 0]) {
    write.mockClear()
    sockets[sender]?.say({ type: 'chat_message', message: `of ${sender}`, client_id: `${sender}` })
    for (const socket of sockets) await socket.next('chat_message')
    // What clients write is masked.
    const written = write.mock.calls.map(([bytes]) => String(bytes)).filter((text) => text.includes('chat_message'))
    expect(written.map((text) => text.includes('"ack"'))).toEqual([true, false, false, false])
  }
})

test('what a server tells with its answer is given out at once, and once if the bus brings it too', async () => {
  const { room, alice, bob, backend } = await twoInRoom({ sweepInterval: 60_000 })
  backend.telling = true
  for (const silent of [true, false]) {
    backend.silent = silent
    alice.say({ type: 'chat_message', message: `silent: ${silent}`, client_id: `${silent}` })
    await alice.next('ack')
  }
  // Behind what the bus still has.
  backend.telling = false
  backend.send(room, 2, 'last')
  await until(() => bob.of('chat_message').length >= 3 && alice.of('chat_message').length >= 3)
  for (const socket of [alice, bob]) {
    expect(socket.of('chat_message').map(({ message }) => message.content)).toEqual(['silent: true', 'silent: false', 'last'])
  }
  const types = alice.frames.map(({ type }) => type)
  expect(types.indexOf('chat_message')).toBeLessThan(types.indexOf('ack'))
})

test('messages of one socket keep their order', async () => {
  const { alice, bob } = await twoInRoom()
  for (const number of range(1, 300)) alice.say({ type: 'chat_message', message: `${number}` })
  await until(() => bob.of('chat_message').length === 300)
  expect(bob.of('chat_message').map(({ message }) => Number(message.content))).toEqual(range(1, 300))
})

test('every send has a client_id, so that it can be repeated', async () => {
  const { alice, backend } = await twoInRoom()
  alice.say({ type: 'chat_message', message: 'one' })
  await alice.next('chat_message')
  const sent = backend.asked.find(({ name }) => name === 'send')
  expect(sent?.command).toMatchObject({ client_id: expect.stringMatching(/^[0-9a-f-]{36}$/), reply_to: null })
})

test('a refused message answers its sender alone, and names the client_id', async () => {
  const { room, alice, bob } = await twoInRoom()
  alice.say({ type: 'chat_message', message: '   ', client_id: 'c1' })
  const error = { type: 'error', code: 'invalid', message: 'This field may not be blank.', client_id: 'c1', room_id: room.id }
  expect(await alice.next('error')).toEqual(error)
  alice.say({ type: 'chat_message', message: 'one', client_id: 'c2' })
  alice.say({ type: 'chat_message', message: 'another', client_id: 'c2' })
  expect(await alice.next('error')).toMatchObject({ code: 'conflict', client_id: 'c2' })
  await bob.fence()
  expect(bob.of('chat_message')).toHaveLength(1)
  expect(bob.of('error')).toEqual([])
})

test.each([
  ['not JSON', 'parse_error'],
  ['', 'parse_error'],
  ['[', 'parse_error'],
  ['null', 'invalid'],
  ['[]', 'invalid'],
  ['"text"', 'invalid'],
  ['{"type":"unknown"}', 'invalid'],
  ['{"type":"connection_established"}', 'invalid'],
  ['{"type":["chat_message"]}', 'invalid'],
  ['{"type":"chat_message"}', 'invalid'],
  ['{"type":"chat_message","message":7}', 'invalid'],
  ['{"type":"chat_message","message":"x","reply_to":"1"}', 'invalid'],
  ['{"type":"typing","is_typing":"yes"}', 'invalid'],
  ['{"type":"read_receipt","message_id":"1; drop"}', 'invalid'],
  ['{"__proto__":{"type":"ping"}}', 'invalid'],
])('%s is an error to its sender, and the socket stays', async (text, code) => {
  const { alice } = await twoInRoom()
  alice.sayText(text)
  expect(await alice.next('error')).toMatchObject({ code })
  await alice.fence()
})

test('30 000 brackets in one another are an error like another', async () => {
  const { alice } = await twoInRoom()
  alice.sayText(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)
  expect(await alice.next('error')).toMatchObject({ code: 'invalid' })
})

test('__proto__ in a command is a name like another', async () => {
  const { alice } = await twoInRoom()
  alice.sayText('{"type":"chat_message","message":"x","__proto__":{"client_id":"forged"},"constructor":1}')
  expect((await alice.next('chat_message')).message.client_id).not.toBe('forged')
  alice.sayText('{"type":"resume","rooms":{"__proto__":1}}')
  await alice.fence()
})

test('a bad command names the client_id that can be read from it', async () => {
  const { alice } = await twoInRoom()
  alice.say({ type: 'chat_message', message: null, client_id: 'c1' })
  expect(await alice.next('error')).toMatchObject({ code: 'invalid', client_id: 'c1' })
})

test('typing is seen by the others and not by any socket of the typist', async () => {
  const { room, alice, bob, enterAll } = await twoInRoom()
  const wide = await enterAll(1)
  alice.say({ type: 'typing', is_typing: true })
  expect(await bob.next('typing')).toEqual({ type: 'typing', room_id: room.id, user_id: 1, username: 'user1', is_typing: true })
  alice.say({ type: 'typing', is_typing: false })
  expect((await bob.next('typing')).is_typing).toBe(false)
  for (const socket of [alice, wide]) {
    await socket.fence()
    expect(socket.of('typing')).toEqual([])
  }
})

test('others are told of typing once a second at most', async () => {
  const { alice, bob, bus, room } = await twoInRoom({ sweepInterval: 60_000 })
  for (const _ of range(1, 50)) alice.say({ type: 'typing', is_typing: true })
  await alice.fence()
  await bob.next('typing')
  await bob.fence()
  expect(bob.of('typing')).toHaveLength(1)
  expect(await bus.listTyping(room.id)).toMatchObject([{ userId: 1 }])
  for (const _ of range(1, 50)) {
    alice.say({ type: 'typing', is_typing: false })
    alice.say({ type: 'typing', is_typing: true })
  }
  await alice.fence()
  await bob.fence()
  expect(bob.of('typing').map(({ is_typing }) => is_typing)).toEqual([true, false])
})

test('what could not be told of typing at once is told later', async () => {
  const { alice, bob } = await twoInRoom()
  for (const is_typing of [true, false, true]) alice.say({ type: 'typing', is_typing })
  for (const is_typing of [true, false, true]) expect((await bob.next('typing')).is_typing).toBe(is_typing)
})

test('typing ends with a message', async () => {
  const { alice, bob, bus, room } = await twoInRoom()
  alice.say({ type: 'typing', is_typing: true })
  alice.say({ type: 'chat_message', message: 'done' })
  expect((await bob.next('typing')).is_typing).toBe(true)
  expect((await bob.next('typing')).is_typing).toBe(false)
  expect(await bus.listTyping(room.id)).toEqual([])
})

test('typing ends with the last socket that types', async () => {
  const { alice, bob, bus, room, enter } = await twoInRoom()
  const second = await enter(1, room)
  for (const socket of [alice, second]) {
    socket.say({ type: 'typing', is_typing: true })
    await socket.fence()
  }
  expect((await bob.next('typing')).is_typing).toBe(true)
  alice.socket.close()
  await alice.closed()
  await bob.fence()
  expect(await bus.listTyping(room.id)).toHaveLength(1)
  second.socket.terminate()
  expect((await bob.next('typing')).is_typing).toBe(false)
  expect(await bus.listTyping(room.id)).toEqual([])
})

test('a receipt comes to everybody, the reader too', async () => {
  const { backend, room, alice, bob } = await twoInRoom()
  const { id } = backend.send(room, 1, 'read me')
  bob.say({ type: 'read_receipt', message_id: id.toUpperCase() })
  for (const socket of [alice, bob]) expect(await socket.next('read_receipt')).toMatchObject({ message_id: id, user_id: 2, read_seq: 3 })
  bob.say({ type: 'read_receipt', message_id: randomUUID() })
  expect(await bob.next('error')).toMatchObject({ code: 'not_found' })
})

test('reading a whole room answers the reader and sends the others a receipt', async () => {
  const { backend, room, alice, bob } = await twoInRoom()
  const { id } = backend.send(room, 1, 'read me')
  bob.say({ type: 'mark_room_read' })
  expect(await bob.next('room_marked_read')).toEqual({ type: 'room_marked_read', room_id: room.id })
  expect(await alice.next('read_receipt')).toMatchObject({ message_id: id, user_id: 2 })
  await bob.fence()
  expect(bob.of('read_receipt')).toEqual([])
})

test('on the socket of one room another room_id is an error, its own is none', async () => {
  const { backend, room, alice } = await twoInRoom()
  const other = backend.room(1)
  alice.say({ type: 'chat_message', message: 'x', room_id: other.id, client_id: 'c' })
  expect(await alice.next('error')).toMatchObject({ code: 'invalid', client_id: 'c', room_id: other.id })
  alice.say({ type: 'chat_message', message: 'x', room_id: room.id.toUpperCase() })
  expect(await alice.next('chat_message')).toMatchObject({ room_id: room.id })
  expect(other.head).toBe(1)
})

test('on the socket of all rooms every command names its room, and it must be his', async () => {
  const { backend, room, enterAll } = await twoInRoom()
  const foreign = backend.room(2)
  const wide = await enterAll(1)
  for (const command of [{ type: 'chat_message', message: 'x' }, { type: 'typing', is_typing: true }, { type: 'mark_room_read' }]) {
    wide.say(command)
    expect(await wide.next('error')).toMatchObject({ code: 'invalid' })
    wide.say({ ...command, room_id: foreign.id })
    expect(await wide.next('error')).toMatchObject({ code: 'not_participant', room_id: foreign.id })
  }
  wide.say({ type: 'chat_message', message: 'x', room_id: room.id, client_id: 'c' })
  expect(await wide.next('ack')).toMatchObject({ room_id: room.id, client_id: 'c' })
})

test('an unavailable server is an error that says when to try again, and the next command works', async () => {
  const { backend, alice } = await twoInRoom({ sweepInterval: 60_000 })
  backend.up = false
  alice.say({ type: 'chat_message', message: 'x', client_id: 'c' })
  expect(await alice.next('error')).toMatchObject({ code: 'unavailable', client_id: 'c' })
  backend.up = true
  alice.say({ type: 'chat_message', message: 'x', client_id: 'c' })
  await alice.next('ack')
})

test('a failure that nobody foresaw is told without its text', async () => {
  const { backend, alice } = await twoInRoom()
  backend.refuse = ({ name }) => {
    if (name === 'send') throw new TypeError('secret inside')
    return undefined
  }
  alice.say({ type: 'chat_message', message: 'a private text' })
  const error = await alice.next('error')
  expect(error).toMatchObject({ code: 'internal', message: 'An unexpected error occurred.' })
})

test('a socket with too many unanswered commands is not read until they have answers', async () => {
  const { backend, alice, bob } = await twoInRoom({ sweepInterval: 60_000 })
  const held: (() => void)[] = []
  backend.beforeAnswer = ({ name }) => (name === 'send' ? new Promise<void>((resolve) => held.push(resolve)) : undefined)
  for (const number of range(1, 200)) alice.say({ type: 'chat_message', message: `${number} ${'x'.repeat(20_000)}` })
  await until(() => held.length >= 64)
  await bob.fence()
  expect(backend.count('send')).toBeLessThan(100)
  backend.beforeAnswer = () => undefined
  for (const release of held) release()
  await until(() => bob.of('chat_message').length === 200)
  expect(bob.of('chat_message').map(({ message }) => Number.parseInt(message.content, 10))).toEqual(range(1, 200))
})

test('a newer token renews the socket, that of another user or a bad one changes nothing', async () => {
  const { backend, alice } = await twoInRoom()
  alice.say({ type: 'refresh_token', token: backend.token(2) })
  expect(await alice.next('error')).toMatchObject({ code: 'permission_denied' })
  alice.say({ type: 'refresh_token', token: 'bad' })
  expect(await alice.next('error')).toMatchObject({ code: 'token_not_valid' })
  alice.say({ type: 'refresh_token', token: backend.token(1, 's2') })
  expect(Date.parse((await alice.next('token_refreshed')).expires_at)).toBeGreaterThan(Date.now())
  backend.endSession(1, 's1')
  await alice.fence()
  backend.endSession(1, 's2')
  expect(await alice.closed()).toBe(4401)
})
