import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatRooms, users } from '../../db/schema.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import { badChoice, time, unknownId } from './support/bodies.ts'
import { isAsked } from './support/statements.ts'

// Where the old backend was wrong: one test for each sentence of the contract's section 8. More of them in section-8-files and section-8-sockets.

let statements: string[] = []
let chat: TestChat
beforeAll(async () => {
  chat = await startChat({ onStatement: (sql) => statements.push(sql) })
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = (await alice.get(`/api/chat/participants/?room=${room}`)).body.results
  return { alice, bob, room, hers: hers.id as number, his: his.id as number }
}

test('REST sends are pushed to sockets', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const [hers, his, all] = await Promise.all([alice.connect(room), bob.connect(room), bob.connect()])
  const sent = await alice.say(room, 'hello')
  for (const socket of [hers, his, all]) expect((await socket.next('chat_message')).message.id).toBe(sent.id)
})

test('nobody can move a message into a foreign room by PATCHing room', async () => {
  const { alice, room } = await roomOfTwo()
  const [mallory] = await chat.newPeople('mallory')
  const foreign = await chat.group(mallory)
  const said = await alice.say(room, 'hello')
  for (const method of ['PATCH', 'PUT']) {
    await alice.request(method, `/api/chat/messages/${said.id}/`, { room: foreign, content: 'moved' })
    expect((await alice.get(`/api/chat/messages/${said.id}/`)).body.room).toBe(room)
  }
  expect((await mallory.get(`/api/chat/messages/?room=${foreign}`)).body.count).toBe(0)
})

test('nobody can move himself into a foreign room by PATCHing room', async () => {
  const { alice, bob, room, hers } = await roomOfTwo()
  const [mallory] = await chat.newPeople('mallory')
  const foreign = await chat.group(mallory)
  await alice.patch(`/api/chat/participants/${hers}/`, { room: foreign, is_admin: true })
  await alice.put(`/api/chat/participants/${hers}/`, { room: foreign, user: alice.id })
  expect((await alice.get(`/api/chat/rooms/${foreign}/`)).status).toBe(403)
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.participant_count).toBe(2)
})

test('adding participants works', async () => {
  const { alice, room } = await roomOfTwo()
  const [carol] = await chat.newPeople('carol')
  expect((await alice.post('/api/chat/participants/', { room, user: carol.id })).status).toBe(201)
  expect((await carol.say(room, 'hello')).sender.id).toBe(carol.id)
})

test('who left can return', async () => {
  const { alice, bob, room } = await roomOfTwo()
  for (let round = 0; round < 2; round++) {
    expect((await bob.post(`/api/chat/rooms/${room}/leave/`)).status).toBe(200)
    expect((await bob.get(`/api/chat/rooms/${room}/`)).status).toBe(403)
    expect((await alice.post('/api/chat/participants/', { room, user: bob.id })).status).toBe(201)
    expect((await bob.get(`/api/chat/rooms/${room}/`)).status).toBe(200)
  }
})

test('members cannot archive, but mute themselves', async () => {
  const { bob, room, his } = await roomOfTwo()
  expect((await bob.post(`/api/chat/rooms/${room}/archive/`)).status).toBe(403)
  expect((await bob.patch(`/api/chat/rooms/${room}/`, { is_active: false })).status).toBe(403)
  expect((await bob.delete(`/api/chat/rooms/${room}/`)).status).toBe(403)
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.is_active).toBe(true)
  expect((await bob.post(`/api/chat/participants/${his}/mute/`)).body.is_muted).toBe(true)
})

test('archived rooms take no messages, by REST or socket', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const socket = await bob.connect(room)
  await alice.post(`/api/chat/rooms/${room}/archive/`)
  const refused = await bob.post('/api/chat/messages/', { room, content: 'late' })
  expect(refused).toMatchObject({ status: 400, body: { room: ['This room is archived'] } })
  socket.send({ type: 'chat_message', message: 'late' })
  expect((await socket.next('error')).message).toBe('This room is archived')
  expect((await alice.get(`/api/chat/messages/?room=${room}`)).body.count).toBe(0)
})

test('unarchiving needs no hidden parameter', async () => {
  const { alice, bob, room } = await roomOfTwo()
  await alice.post(`/api/chat/rooms/${room}/archive/`)
  expect(await alice.post(`/api/chat/rooms/${room}/unarchive/`)).toMatchObject({ status: 200, body: { is_active: true } })
  await alice.patch(`/api/chat/rooms/${room}/`, { is_active: false })
  expect((await alice.patch(`/api/chat/rooms/${room}/`, { is_active: true })).status).toBe(200)
  await bob.say(room, 'back')
})

test('two parallel requests make one direct room', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const creates = Array.from({ length: 50 }, (_, index) => {
    const [creator, other] = index % 2 ? [alice, bob] : [bob, alice]
    return creator.post('/api/chat/rooms/', { room_type: 'direct', participant_ids: [other.id] })
  })
  const answers = await Promise.all(creates)
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]))
  const ids = new Set(answers.map((answer) => answer.body.id))
  expect(ids.size).toBe(1)
  expect(answers.every((answer) => answer.body.participant_count === 2)).toBe(true)
  const stored = await chat.db.select().from(chatRooms).where(eq(chatRooms.roomType, 'direct'))
  expect(stored.map((room) => room.id)).toEqual([...ids])
})

test('parallel read receipts are all kept', async () => {
  const [alice, ...readers] = await chat.newPeople('alice', 'bob', 'carol', 'dave', 'erin', 'frank')
  const room = await chat.group(alice, ...readers)
  const said = await Promise.all(Array.from({ length: 5 }, (_, index) => alice.say(room, `message ${index}`)))
  await Promise.all(readers.flatMap((reader) => said.map((message) => reader.post(`/api/chat/messages/${message.id}/mark_read/`))))
  const { results } = (await alice.get(`/api/chat/messages/?room=${room}`)).body
  const everybody = readers.map((reader) => String(reader.id)).sort()
  for (const message of results) expect(Object.keys(message.read_by).sort()).toEqual(everybody)
})

test("one's own messages do not count as unread", async () => {
  const { alice, bob, room } = await roomOfTwo()
  await alice.say(room, 'one')
  await alice.say(room, 'two')
  const [mine] = (await alice.get('/api/chat/rooms/')).body.results
  expect(mine.unread_count).toBe(0)
  expect((await alice.get(`/api/chat/rooms/${room}/stats/`)).body.unread_count).toBe(0)
  expect((await alice.get(`/api/chat/participants/?room=${room}&user=${alice.id}`)).body.results[0].unread_count).toBe(0)
  expect((await alice.connect(room)).frames[0]).toMatchObject({ unread_count: 0 })
  expect((await bob.connect(room)).frames[0]).toMatchObject({ unread_count: 2 })
})

test('reading a room fills read_by', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const said = [await alice.say(room, 'one'), await alice.say(room, 'two')]
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  for (const { id } of said) {
    const { body } = await alice.get(`/api/chat/messages/${id}/`)
    expect(body).toMatchObject({ read_count: 1, read_by: { [bob.id]: expect.stringMatching(time) } })
  }
  expect((await bob.get(`/api/chat/messages/${said[0].id}/`)).body.is_read).toBe(true)
})

test('the sender cannot forge system messages', async () => {
  const { alice, room } = await roomOfTwo()
  const refused = await alice.post('/api/chat/messages/', { room, content: 'x', message_type: 'system' })
  expect(refused).toMatchObject({ status: 400, body: { message_type: ['"system" is not a valid choice.'] } })
  const said = await alice.say(room, 'hello')
  await alice.patch(`/api/chat/messages/${said.id}/`, { content: 'x', message_type: 'system' })
  const socket = await alice.connect(room)
  socket.send({ type: 'chat_message', message: 'y', message_type: 'system' })
  await socket.next('chat_message')
  expect((await alice.get(`/api/chat/messages/?room=${room}&message_type=system`)).body.count).toBe(0)
})

test("a reply to a message whose sender's account is gone does not break lists", async () => {
  const { alice, bob, room } = await roomOfTwo()
  const said = await bob.say(room, 'last words')
  const reply = await alice.say(room, 'goodbye', { reply_to: said.id })
  await bob.say(room, 'the very last')
  await chat.db.delete(users).where(eq(users.id, bob.id))
  const list = await alice.get(`/api/chat/messages/?room=${room}`)
  expect(list.status).toBe(200)
  expect(list.body.results).toMatchObject([{ sender: null }, { id: reply.id, reply_to: { id: said.id, sender: null } }, { sender: null }])
  expect((await alice.get(`/api/chat/messages/${said.id}/`)).body.sender).toBeNull()
  expect((await alice.get('/api/chat/rooms/')).body.results).toMatchObject([
    { last_message_preview: 'the very last', participant_count: 1 },
  ])
  expect((await alice.get(`/api/chat/rooms/${room}/`)).body.last_message.sender).toBeNull()
  const late = await alice.say(room, 'rest well', { reply_to: said.id })
  expect(late.reply_to).toMatchObject({ id: said.id, sender: null })
  expect((await (await alice.connect(room, '&since=0')).next('chat_message')).message.sender).toBeNull()
})

test('listing ten rooms takes a constant number of statements', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const count = async () => {
    statements = []
    const { body } = await alice.get('/api/chat/rooms/')
    return { rooms: body.count, statements: statements.filter(isAsked).length }
  }
  await bob.say(await chat.group(alice, bob), 'hello')
  const one = await count()
  for (let number = 2; number <= 10; number++) await bob.say(await chat.group(alice, bob), 'hello')
  expect(one.rooms).toBe(1)
  expect(one.statements).toBe(2)
  expect(await count()).toEqual({ rooms: 10, statements: 2 })
})

test('malformed ids and NULs are refused, not faults', async () => {
  const { alice, room } = await roomOfTwo()
  for (const id of ['abc', '0', '-1', '1.5', '1e3', '9007199254740993', '9223372036854775808', '%00', `${unknownId}%00`]) {
    for (const path of [`rooms/${id}/`, `rooms/${id}/stats/`, `messages/${id}/`, `participants/${id}/`]) {
      expect({ path, status: (await alice.get(`/api/chat/${path}`)).status }).toEqual({ path, status: 404 })
    }
    const filtered = await alice.get(`/api/chat/messages/?room=${id}`)
    expect(filtered).toMatchObject({ status: 400, body: { room: [badChoice] } })
    expect((await alice.post('/api/chat/messages/', { room: decodeURIComponent(id), content: 'x' })).status).toBe(400)
  }
  expect((await alice.post('/api/chat/messages/', { room, content: 'a\u0000b' })).status).toBe(400)
  expect((await alice.post('/api/chat/rooms/', { room_type: 'group', name: 'a\u0000b' })).status).toBe(400)
  expect((await alice.get('/api/chat/messages/?search=a%00b')).status).toBe(400)
  expect((await alice.get('/api/chat/rooms/?search=a%00b')).status).toBe(400)
})
