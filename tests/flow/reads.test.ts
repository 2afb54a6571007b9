import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { noMessage, noRoom, time, unknownId } from './support/bodies.ts'

const messages = '/api/chat/messages/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('reading a message answers the full message with me in read_by', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await alice.say(room, 'hello')
  const { status, body } = await bob.post(`${messages}${said.id}/mark_read/`)
  expect(status).toBe(200)
  const readBy = { [bob.id]: expect.stringMatching(time) }
  expect(body).toEqual({ ...said, is_read: true, read_count: 1, read_by: readBy })
  expect((await alice.get(`${messages}${said.id}/`)).body).toMatchObject({ read_count: 1, read_by: body.read_by })
})

test('reading again changes nothing, not even the time', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await alice.say(room, 'hello')
  const once = await bob.post(`${messages}${said.id}/mark_read/`)
  const twice = await bob.post(`${messages}${said.id}/mark_read/`)
  expect(twice.body.read_by).toEqual(once.body.read_by)
})

test('whoever reads a message has read those before it, and none after', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = [await alice.say(room, 'one'), await alice.say(room, 'two'), await alice.say(room, 'three')]
  await bob.post(`${messages}${said[1].id}/mark_read/`)
  const { results } = (await bob.get(`${messages}?room=${room}&ordering=created_at`)).body
  expect(results.map((message: { is_read: boolean }) => message.is_read)).toEqual([true, true, false])
  expect(results.map((message: { read_count: number }) => message.read_count)).toEqual([1, 1, 0])
  const { body } = await bob.get(`/api/chat/rooms/${room}/`)
  expect(body.unread_count).toBe(1)
  expect(body.participants).toMatchObject([
    { unread_count: 0, last_read_at: null },
    { unread_count: 1, last_read_at: expect.stringMatching(time) },
  ])
})

test('who comes into a room later can still read what was said before', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice)
  const old = await alice.say(room, 'before he came')
  await alice.post('/api/chat/participants/', { room, user: bob.id })
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.unread_count).toBe(0)
  const socket = await alice.connect(room)
  const { body } = await bob.post(`${messages}${old.id}/mark_read/`)
  expect(body).toMatchObject({ read_count: 1, read_by: { [bob.id]: expect.stringMatching(time) } })
  expect(await socket.next('read_receipt')).toMatchObject({ message_id: old.id, user_id: bob.id, read_at: body.read_by[bob.id] })
  const next = await alice.say(room, 'after')
  const later = await bob.post(`${messages}${next.id}/mark_read/`)
  expect(later.body.read_by).toHaveProperty(String(bob.id))
  expect((await bob.get(`${messages}${old.id}/`)).body.read_by).toEqual(body.read_by)
})

test('what is not there or not mine to see cannot be read', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  const said = await alice.say(room, 'hello')
  for (const [person, id] of [
    [mallory, said.id],
    [alice, unknownId],
  ] as const) {
    expect(await person.post(`${messages}${id}/mark_read/`)).toMatchObject({ status: 404, body: noMessage })
  }
  expect(await mallory.post(`/api/chat/rooms/${room}/mark_read/`)).toMatchObject({ status: 404, body: noRoom })
  expect((await alice.get(`${messages}${said.id}/`)).body.read_by).toEqual({})
})

test('reading by REST tells the sockets of the room', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  await alice.say(room, 'one')
  const two = await alice.say(room, 'two')
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  for (const socket of [hers, his]) {
    const receipt = await socket.next('read_receipt')
    expect(receipt).toMatchObject({ room_id: room, message_id: two.id, user_id: bob.id, read_at: expect.stringMatching(time) })
  }
})

test('a message keeps its readers also after they left', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await alice.say(room, 'hello')
  const read = await bob.post(`${messages}${said.id}/mark_read/`)
  await bob.post(`/api/chat/rooms/${room}/leave/`)
  expect((await alice.get(`${messages}${said.id}/`)).body.read_by).toEqual(read.body.read_by)
})
