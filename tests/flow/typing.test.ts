import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { badChoice, time, unknownId } from './support/bodies.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  return { alice, bob, room, hers, his, typing: `/api/chat/typing/?room=${room}` }
}

test('who types is told to the others, by socket and in the list, and not to himself', async () => {
  const { alice, bob, room, hers, his, typing } = await roomOfTwo()
  const another = await bob.connect(room)
  his.send({ type: 'typing', is_typing: true })
  expect(await hers.next('typing')).toMatchObject({ room_id: room, user_id: bob.id, username: bob.username, is_typing: true })
  const { status, body } = await alice.get(typing)
  expect(status).toBe(200)
  const brief = { id: bob.id, username: bob.username, full_name: 'bob Test', email: `${bob.username}@example.com` }
  expect(body).toEqual([{ id: expect.any(Number), room, user: brief, started_at: expect.stringMatching(time) }])
  expect((await bob.get(typing)).body).toEqual([])
  await Promise.all([his.settled(), another.settled()])
  expect([...his.ofType('typing'), ...another.ofType('typing')]).toEqual([])
})

test('who stops typing is no longer listed', async () => {
  const { alice, bob, hers, his, typing } = await roomOfTwo()
  his.send({ type: 'typing', is_typing: true })
  await hers.next('typing')
  his.send({ type: 'typing', is_typing: false })
  expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, is_typing: false })
  expect((await alice.get(typing)).body).toEqual([])
})

test('typing ends with the message, by socket or by REST', async () => {
  for (const door of ['socket', 'REST']) {
    const { alice, bob, room, hers, his, typing } = await roomOfTwo()
    his.send({ type: 'typing', is_typing: true })
    await hers.next('typing')
    if (door === 'socket') his.send({ type: 'chat_message', message: 'done' })
    else await bob.say(room, 'done')
    expect(await hers.next('typing', (frame) => !frame.is_typing)).toMatchObject({ user_id: bob.id })
    expect((await alice.get(typing)).body).toEqual([])
  }
})

test('typing ends when the typist disconnects', async () => {
  const { alice, bob, hers, his, typing } = await roomOfTwo()
  his.send({ type: 'typing', is_typing: true })
  await hers.next('typing')
  his.close()
  expect(await hers.next('typing', (frame) => !frame.is_typing)).toMatchObject({ user_id: bob.id })
  expect((await alice.get(typing)).body).toEqual([])
})

test('typing ends when the typist leaves the room', async () => {
  const { alice, bob, room, hers, his, typing } = await roomOfTwo()
  his.send({ type: 'typing', is_typing: true })
  await hers.next('typing')
  await bob.post(`/api/chat/rooms/${room}/leave/`)
  await hers.next('participant_removed')
  expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, is_typing: false })
  expect(await his.closed).toBe(4403)
  expect((await alice.get(typing)).body).toEqual([])
})

test('typing ends when a typist on the socket of all rooms is removed', async () => {
  const { alice, bob, room, hers, typing } = await roomOfTwo()
  const all = await bob.connect()
  all.send({ type: 'typing', is_typing: true, room_id: room })
  await hers.next('typing')
  const { results } = (await alice.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
  await alice.delete(`/api/chat/participants/${results[0].id}/`)
  await hers.next('participant_removed')
  expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, is_typing: false })
  expect((await alice.get(typing)).body).toEqual([])
})

test('typing ends when the room is archived, and begins again only when it is restored', async () => {
  const { alice, bob, room, hers, his, typing } = await roomOfTwo()
  const everywhere = await bob.connect()
  his.send({ type: 'typing', is_typing: true })
  await hers.next('typing')
  await alice.post(`/api/chat/rooms/${room}/archive/`)
  expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, is_typing: false })
  const later = await bob.connect(room)
  for (const socket of [his, everywhere, later]) {
    socket.send({ type: 'typing', is_typing: true, room_id: room })
    expect(await socket.next('error')).toMatchObject({ code: 'invalid', message: 'This room is archived', room_id: room })
  }
  expect((await alice.get(typing)).body).toEqual([])
  await alice.post(`/api/chat/rooms/${room}/unarchive/`)
  await later.next('room_updated')
  later.send({ type: 'typing', is_typing: true })
  expect(await hers.next('typing')).toMatchObject({ user_id: bob.id, is_typing: true })
  expect(hers.ofType('typing').map((frame) => frame.is_typing)).toEqual([true, false, true])
})

test('outsiders see nobody typing, and a malformed room is refused', async () => {
  const { hers, his, typing } = await roomOfTwo()
  const [mallory] = await chat.newPeople('mallory')
  his.send({ type: 'typing', is_typing: true })
  await hers.next('typing')
  expect(await mallory.get(typing)).toMatchObject({ status: 200, body: [] })
  expect(await mallory.get(`/api/chat/typing/?room=${unknownId}`)).toMatchObject({ status: 200, body: [] })
  expect(await mallory.get('/api/chat/typing/?room=abc')).toMatchObject({ status: 400, body: { room: [badChoice] } })
  expect(await mallory.get('/api/chat/typing/')).toMatchObject({ status: 200, body: [] })
})
