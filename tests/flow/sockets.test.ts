import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { TestSocket } from '../support/socket.ts'
import { time, unknownId, uuid } from './support/bodies.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat({ env: { ALLOWED_ORIGINS: 'https://app.example.com' } })
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  return { alice, bob, room, hers, his }
}

const refusedAs = (path: string, headers = {}) => new TestSocket(`${chat.url.replace('http', 'ws')}${path}`, headers).refused

test('without a token, or with a bad one, the upgrade is refused with 401', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const query of ['', '?token=', '?token=garbage', `?token=${alice.refresh}`, `?token=${alice.access}x`]) {
    expect(await refusedAs(`/ws/chat/${room}/${query}`)).toBe(401)
  }
  expect(await refusedAs(`/ws/chat/${room}/?token=${alice.access}&token=${alice.access}`)).toBe(401)
})

test('who is not a participant, or has left, is refused with 403', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  expect(await mallory.open(room).refused).toBe(403)
  await bob.post(`/api/chat/rooms/${room}/leave/`)
  expect(await bob.open(room).refused).toBe(403)
})

test('a foreign origin is refused with 403; our own, an allowed one, and none are let in', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const origin of ['https://evil.example.com', 'null', 'http://127.0.0.1:1', 'https://app.example.com.evil.com']) {
    expect(await alice.open(room, '', { origin }).refused).toBe(403)
  }
  const ours: Record<string, string>[] = [{}, { origin: chat.url }, { origin: 'https://app.example.com' }]
  for (const headers of ours) {
    expect(await alice.open(room, '', headers).refused).toBeUndefined()
  }
})

test('a path that is none, and a room that is none, are refused with 404', async () => {
  const [alice] = await chat.newPeople('alice')
  const token = `?token=${alice.access}`
  for (const path of ['/ws/', '/ws/banana/', '/ws/chat/abc/', `/ws/chat/${unknownId}/`, `/ws/chat/${unknownId}/x/`, '/api/chat/rooms/']) {
    expect({ path, status: await refusedAs(path + token) }).toEqual({ path, status: 404 })
  }
})

test('the first frame says who is connected to what, and how much is unread', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  await alice.say(room, 'hello')
  const socket = bob.open(room.toUpperCase())
  const first = await socket.next('connection_established')
  expect(first).toMatchObject({ room_id: room, unread_count: 1, user_id: bob.id, username: bob.username })
  expect(socket.frames[0]).toBe(first)
})

test('a message reaches everybody in the room, the sender too', async () => {
  const { alice, room, hers, his } = await roomOfTwo()
  const another = await alice.connect(room)
  hers.send({ type: 'chat_message', message: '  hello  ' })
  for (const socket of [hers, his, another]) {
    const frame = await socket.next('chat_message')
    expect(frame.message).toMatchObject({
      id: expect.stringMatching(uuid),
      room_id: room,
      sender: { id: alice.id, username: alice.username, full_name: 'alice Test' },
      content: 'hello',
      message_type: 'text',
      reply_to_id: null,
      created_at: expect.stringMatching(time),
      is_edited: false,
      edited_at: null,
    })
  }
})

test('a reply names what it answers', async () => {
  const { alice, room, hers, his } = await roomOfTwo()
  const said = await alice.say(room, 'question')
  his.send({ type: 'chat_message', message: 'answer', reply_to: said.id })
  const frame = await hers.next('chat_message', ({ message }) => (message as { content: string }).content === 'answer')
  expect(frame.message).toMatchObject({ reply_to_id: said.id, reply_to: { id: said.id, content: 'question' } })
})

test('typing reaches the others, and no socket of the typist', async () => {
  const { bob, room, hers, his } = await roomOfTwo()
  const another = await bob.connect(room)
  for (const is_typing of [true, false]) {
    his.send({ type: 'typing', is_typing })
    expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, username: bob.username, is_typing })
  }
  await Promise.all([his.settled(), another.settled()])
  expect([...his.ofType('typing'), ...another.ofType('typing')]).toEqual([])
})

test('a read receipt reaches everybody, the reader too', async () => {
  const { alice, bob, room, hers, his } = await roomOfTwo()
  const said = await alice.say(room, 'hello')
  his.send({ type: 'read_receipt', message_id: said.id })
  const receipts = [await hers.next('read_receipt'), await his.next('read_receipt')]
  const { body } = await alice.get(`/api/chat/messages/${said.id}/`)
  for (const receipt of receipts) {
    expect(receipt).toMatchObject({ message_id: said.id, user_id: bob.id, read_at: body.read_by[bob.id] })
  }
})

test('reading the whole room answers the sender, and tells the others of the newest message', async () => {
  const { alice, bob, room, hers, his } = await roomOfTwo()
  const another = await bob.connect(room)
  await alice.say(room, 'one')
  const two = await alice.say(room, 'two')
  his.send({ type: 'mark_room_read' })
  expect(await his.next('room_marked_read')).toMatchObject({ room_id: room })
  for (const socket of [hers, another]) {
    expect(await socket.next('read_receipt')).toMatchObject({ message_id: two.id, user_id: bob.id, read_at: expect.stringMatching(time) })
  }
  await his.settled()
  expect(his.ofType('read_receipt')).toEqual([])
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.unread_count).toBe(0)
})

test('reading a room with nothing unread is answered all the same', async () => {
  const { room, hers } = await roomOfTwo()
  hers.send({ type: 'mark_room_read' })
  expect(await hers.next('room_marked_read')).toMatchObject({ room_id: room })
})

test('a binary frame closes with 1003', async () => {
  const { hers, his } = await roomOfTwo()
  hers.raw.send(Buffer.from('{"type":"ping"}'))
  expect(await hers.closed).toBe(1003)
  await his.settled()
})

test('what happens in another room is not heard here', async () => {
  const { alice, room, hers } = await roomOfTwo()
  const other = await chat.group(alice)
  await alice.say(other, 'elsewhere')
  await alice.say(room, 'here')
  await hers.next('chat_message')
  expect(hers.ofType('chat_message').map((frame) => frame.message.content)).toEqual(['here'])
})
