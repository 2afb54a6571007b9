import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { updateUserActive } from '../../db/queries/users.ts'
import { startChat, type TestChat } from '../support/chat.ts'

// Section 8 of the contract: "Removed members, expired tokens and deactivated users kept their sockets", and the doors between REST and sockets.

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  return { alice, bob, room }
}

test('removed members lose their sockets', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const [hers, his, all] = await Promise.all([alice.connect(room), bob.connect(room), bob.connect()])
  const { results } = (await alice.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
  await alice.delete(`/api/chat/participants/${results[0].id}/`)
  expect(await his.closed).toBe(4403)
  await hers.next('participant_removed')
  await alice.say(room, 'among ourselves')
  await hers.next('chat_message')
  await all.settled()
  expect([...his.ofType('chat_message'), ...all.ofType('chat_message')]).toEqual([])
  all.send({ type: 'chat_message', room_id: room, message: 'still here?' })
  expect((await all.next('error')).code).toBe('not_participant')
  expect(await bob.open(room).refused).toBe(403)
})

test('deactivated users lose their sockets', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const [hers, one, all] = await Promise.all([alice.connect(room), bob.connect(room), bob.connect()])
  await updateUserActive(chat.db, bob.username, false)
  expect(await Promise.all([one.closed, all.closed])).toEqual([4401, 4401])
  expect(await bob.open(room).refused).toBe(401)
  expect((await bob.get('/api/chat/rooms/')).body).toEqual({ detail: 'User is inactive', code: 'user_inactive' })
  await hers.settled()
})

test('expired tokens lose their sockets', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  await hers.settled()
  await his.settled()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * 60_000 })
  try {
    expect(await Promise.race([his.closed, wait(5_000, 'still open')])).toBe(4401)
  } finally {
    vi.useRealTimers()
  }
})

test('whoever revokes his sign-in loses its sockets', async () => {
  const { bob, room } = await roomOfTwo()
  const socket = await bob.connect(room)
  await bob.post('/api/token/revoke/', { refresh: bob.refresh })
  expect(await socket.closed).toBe(4401)
})

test('sockets of a deleted room close, and those of other rooms do not', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const other = await chat.group(alice, bob)
  const [here, there] = await Promise.all([bob.connect(room), bob.connect(other)])
  await alice.delete(`/api/chat/rooms/${room}/`)
  expect(await here.closed).toBe(4404)
  await there.settled()
})

test('whatever changes by REST reaches the sockets, in the order of the room', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const [carol] = await chat.newPeople('carol')
  const socket = await bob.connect(room)
  const said = await alice.say(room, 'helo')
  await alice.patch(`/api/chat/messages/${said.id}/`, { content: 'hello' })
  await bob.post(`/api/chat/messages/${said.id}/mark_read/`)
  await alice.delete(`/api/chat/messages/${said.id}/`)
  const { id } = (await alice.post('/api/chat/participants/', { room, user: carol.id })).body
  await alice.patch(`/api/chat/participants/${id}/`, { is_admin: true })
  await alice.patch(`/api/chat/rooms/${room}/`, { name: 'Lobby' })
  await alice.post(`/api/chat/rooms/${room}/archive/`)
  await alice.post(`/api/chat/rooms/${room}/unarchive/`)
  await carol.post(`/api/chat/rooms/${room}/leave/`)
  await socket.next('participant_removed')

  const durable = socket.frames.filter((frame) => typeof frame.seq === 'number').slice(1)
  expect(durable.map(({ seq, type }) => ({ seq, type }))).toEqual(
    [
      'chat_message',
      'message_updated',
      'message_deleted',
      'participant_added',
      'participant_updated',
      'room_updated',
      'room_updated',
      'room_updated',
      'participant_removed',
    ].map((type, index) => ({ seq: index + 1, type })),
  )
  expect(durable).toMatchObject([
    { message: { id: said.id, content: 'helo', is_edited: false } },
    { message: { id: said.id, content: 'hello', is_edited: true } },
    { message_id: said.id },
    { participant: { id, user: { id: carol.id }, is_admin: false } },
    { participant: { id, is_admin: true } },
    { room: { name: 'Lobby', is_active: true } },
    { room: { is_active: false } },
    { room: { is_active: true, archived_at: null } },
    { participant_id: id, user_id: carol.id },
  ])
  expect(socket.ofType('read_receipt')).toMatchObject([{ message_id: said.id, user_id: bob.id }])
})

test('what is sent by a socket is there by REST', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const socket = await alice.connect(room)
  socket.send({ type: 'chat_message', message: 'hello' })
  const { message } = await socket.next('chat_message')
  const { body } = await bob.get(`/api/chat/messages/${message.id}/`)
  expect(body).toMatchObject({ content: 'hello', created_at: message.created_at, sender: { id: alice.id }, read_by: {} })
  expect((await bob.get('/api/chat/rooms/')).body.results).toMatchObject([{ last_message_preview: 'hello', unread_count: 1 }])
})

test('what is read by a socket is read by REST', async () => {
  const { alice, bob, room } = await roomOfTwo()
  const said = await alice.say(room, 'hello')
  const socket = await bob.connect(room)
  socket.send({ type: 'mark_room_read' })
  await socket.next('room_marked_read')
  expect((await bob.get(`/api/chat/messages/${said.id}/`)).body).toMatchObject({ is_read: true, read_count: 1 })
  expect((await bob.get('/api/chat/rooms/')).body.results).toMatchObject([{ unread_count: 0 }])
})

test('who is taken into a room sees it appear on the socket of all his rooms', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const socket = await bob.connect()
  const room = await chat.group(alice)
  await alice.post('/api/chat/participants/', { room, user: bob.id })
  expect(await socket.next('participant_added', (frame) => frame.room_id === room)).toBeDefined()
  await alice.say(room, 'welcome')
  expect(await socket.next('chat_message')).toMatchObject({ room_id: room, message: { content: 'welcome' } })
})
