import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('what is sent by REST reaches the sockets of the room, the sender too', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  const sent = await alice.say(room, '  hello  ', { client_id: 'c1' })
  for (const socket of [hers, his]) {
    const frame = await socket.next('chat_message')
    expect(frame).toMatchObject({ room_id: room, seq: 1, message: { id: sent.id, content: 'hello', client_id: 'c1' } })
  }
})

test('the same client_id sent over REST and the socket is stored once', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const socket = await alice.connect(room)
  socket.send({ type: 'chat_message', message: 'hello', client_id: 'c1' })
  const echo = await socket.next('chat_message')
  const again = await alice.post('/api/chat/messages/', { room, content: 'hello', client_id: 'c1' })
  expect(again).toMatchObject({ status: 200, body: { id: echo.message.id } })
  const other = await alice.post('/api/chat/messages/', { room, content: 'other', client_id: 'c1' })
  expect(other.status).toBe(409)
  expect((await bob.get(`/api/chat/messages/?room=${room}`)).body.count).toBe(1)
})
