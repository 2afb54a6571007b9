import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { noMessage, unknownId } from './support/bodies.ts'

const messages = '/api/chat/messages/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

/** Bob has read the four messages that Alice said. */
async function read() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said: { id: string; seq: number }[] = []
  for (const text of ['one', 'two', 'three', 'four']) said.push(await alice.say(room, text))
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  const [first, second, third, fourth] = said
  if (!first || !second || !third || !fourth) throw new Error('four messages were said')
  return { alice, bob, room, first, second, third, fourth }
}
const listed = async (person: Person, room: string) =>
  (await person.get('/api/chat/rooms/')).body.results.find(({ id }: { id: string }) => id === room)
const unread = (person: Person, id: string) => person.post(`${messages}${id}/mark_unread/`)

test('what was marked unread counts as unread everywhere, for him who marked it alone', async () => {
  const { alice, bob, room, second } = await read()
  const { status, body } = await unread(bob, second.id)
  expect(status).toBe(200)
  expect(body).toEqual({ room_id: room, unread_count: 3, unread_from_seq: second.seq, is_muted: false, muted_until: null })
  expect(await listed(bob, room)).toMatchObject({ unread_count: 3, unread_from_seq: second.seq })
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.unread_count).toBe(3)
  expect((await bob.get(`/api/chat/rooms/${room}/stats/`)).body.unread_count).toBe(3)
  expect((await bob.get('/api/chat/unread/')).body).toMatchObject({ total: 3, rooms: [{ room_id: room, unread_count: 3 }] })
  expect((await bob.connect(room)).ofType('connection_established')).toMatchObject([{ unread_count: 3 }])
  expect(await listed(alice, room)).toMatchObject({ unread_count: 0, unread_from_seq: null })
})

test('what others see of his reading does not change', async () => {
  const { alice, bob, second } = await read()
  const before = (await alice.get(`${messages}${second.id}/`)).body
  expect(before.read_by).toHaveProperty(String(bob.id))
  await unread(bob, second.id)
  expect((await alice.get(`${messages}${second.id}/`)).body).toEqual(before)
  expect((await bob.get(`${messages}${second.id}/`)).body).toMatchObject({ is_read: true, read_by: before.read_by })
})

test('reading takes the mark away as far as was read', async () => {
  const { alice, bob, room, first, second, third } = await read()
  await unread(bob, second.id)
  await bob.post(`${messages}${first.id}/mark_read/`)
  expect(await listed(bob, room)).toMatchObject({ unread_count: 3, unread_from_seq: second.seq })
  await bob.post(`${messages}${third.id}/mark_read/`)
  expect(await listed(bob, room)).toMatchObject({ unread_count: 1, unread_from_seq: third.seq + 1 })
  await alice.say(room, 'five')
  expect(await listed(bob, room)).toMatchObject({ unread_count: 2 })
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  expect(await listed(bob, room)).toMatchObject({ unread_count: 0, unread_from_seq: null })
  expect((await bob.get('/api/chat/unread/')).body).toEqual({ total: 0, rooms: [] })
})

test('his own devices hear of it at once, nobody else does; reading takes it back there, too', async () => {
  const { alice, bob, room, third, fourth } = await read()
  const [hers, his, hisOther] = [await alice.connect(), await bob.connect(), await bob.connect(room)]
  await unread(bob, third.id)
  for (const socket of [his, hisOther])
    expect(await socket.next('participation')).toMatchObject({ room_id: room, unread_count: 2, unread_from_seq: third.seq })
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  for (const socket of [hers, his, hisOther])
    expect(await socket.next('read_receipt')).toMatchObject({ user_id: bob.id, message_id: fourth.id })
  expect(hers.ofType('participation')).toEqual([])
})

test('a mute, too, is told to his own devices', async () => {
  const { alice, bob, room } = await read()
  const [hers, his] = [await alice.connect(), await bob.connect()]
  const { results } = (await bob.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
  await bob.post(`/api/chat/participants/${results[0].id}/mute/`, { muted_until: '2999-01-01T00:00:00Z' })
  expect(await his.next('participation')).toMatchObject({ is_muted: true, muted_until: '2999-01-01T00:00:00Z', unread_count: 0 })
  await hers.settled()
  expect(hers.ofType('participation')).toEqual([])
})

test('who comes back into a room has no mark of former times', async () => {
  const { alice, bob, room, first } = await read()
  await unread(bob, first.id)
  await bob.post(`/api/chat/rooms/${room}/leave/`)
  await alice.post('/api/chat/participants/', { room, user: bob.id })
  expect(await listed(bob, room)).toMatchObject({ unread_count: 0, unread_from_seq: null })
})

test('what is not there, deleted or not mine to see cannot be marked', async () => {
  const { alice, bob, first, second } = await read()
  const [mallory] = await chat.newPeople('mallory')
  await alice.delete(`${messages}${first.id}/`)
  for (const [person, id] of [
    [mallory, second.id],
    [bob, first.id],
    [bob, unknownId],
  ] as const)
    expect(await unread(person, id)).toMatchObject({ status: 404, body: noMessage })
})
