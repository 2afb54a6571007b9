import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { noPermission, noRoom, time } from './support/bodies.ts'

const rooms = '/api/chat/rooms/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('an admin renames by PATCH and by PUT, a member may not', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  expect(await alice.patch(`${rooms}${room}/`, { name: 'Lobby' })).toMatchObject({
    status: 200,
    body: { name: 'Lobby', display_name: 'Lobby' },
  })
  expect(await alice.put(`${rooms}${room}/`, { name: 'Roof' })).toMatchObject({ status: 200, body: { name: 'Roof', participant_count: 2 } })
  for (const method of ['PATCH', 'PUT']) {
    expect(await bob.request(method, `${rooms}${room}/`, { name: 'x' })).toMatchObject({ status: 403, body: noPermission })
  }
  expect(await alice.patch(`${rooms}${room}/`, { name: 'é'.repeat(256) })).toMatchObject({
    status: 400,
    body: { name: [expect.any(String)] },
  })
  expect(await alice.patch(`${rooms}${room}/`, {})).toMatchObject({ status: 200, body: { name: 'Roof' } })
})

test('is_active archives and restores; everything else is read-only', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const before = (await alice.get(`${rooms}${room}/`)).body
  const archived = await alice.patch(`${rooms}${room}/`, { is_active: 'false' })
  expect(archived).toMatchObject({ status: 200, body: { is_active: false, archived_at: expect.stringMatching(time) } })
  expect(await alice.patch(`${rooms}${room}/`, { is_active: true })).toMatchObject({
    status: 200,
    body: { is_active: true, archived_at: null },
  })
  const bad = await alice.patch(`${rooms}${room}/`, { is_active: 'perhaps' })
  expect(bad).toMatchObject({ status: 400, body: { is_active: ['Must be a valid boolean.'] } })
  const foreign = { id: before.participants[0].id, room_type: 'direct', task: 1, created_by: bob.id, participants: [], archived_at: null }
  const untouched = await alice.patch(`${rooms}${room}/`, { ...foreign, created_at: '2001-01-01T00:00:00Z', participant_ids: [] })
  expect(untouched.status).toBe(200)
  const { seq, modified_at, ...rest } = before
  expect(untouched.body).toMatchObject(rest)
})

test('archive and unarchive are for admins, and answer the full room', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  for (const verb of ['archive', 'unarchive']) {
    expect(await bob.post(`${rooms}${room}/${verb}/`)).toMatchObject({ status: 403, body: noPermission })
  }
  const archived = await alice.post(`${rooms}${room}/archive/`)
  expect(archived).toMatchObject({ status: 200, body: { id: room, is_active: false, archived_at: expect.stringMatching(time) } })
  expect(archived.body.participants).toHaveLength(2)
  expect(await alice.post(`${rooms}${room}/archive/`)).toMatchObject({ status: 200, body: { archived_at: archived.body.archived_at } })
  expect(await alice.post(`${rooms}${room}/unarchive/`)).toMatchObject({ status: 200, body: { is_active: true, archived_at: null } })
})

test('an archived room can be read, not written', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await alice.say(room, 'before')
  await alice.post(`${rooms}${room}/archive/`)
  const refused = await bob.post('/api/chat/messages/', { room, content: 'late' })
  expect(refused).toMatchObject({ status: 400, body: { room: ['This room is archived'] } })
  expect((await bob.get(`/api/chat/messages/?room=${room}`)).body.results).toMatchObject([{ id: said.id }])
  expect((await bob.get(`${rooms}${room}/`)).status).toBe(200)
  expect((await bob.post(`${rooms}${room}/mark_read/`)).status).toBe(200)
  await alice.post(`${rooms}${room}/unarchive/`)
  await bob.say(room, 'again')
})

test('a deleted room no longer appears anywhere, and its data stays', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await bob.say(room, 'kept')
  expect(await bob.delete(`${rooms}${room}/`)).toMatchObject({ status: 403, body: noPermission })
  expect(await alice.delete(`${rooms}${room}/`)).toMatchObject({ status: 204, body: undefined })
  for (const person of [alice, bob]) {
    expect(await person.get(`${rooms}${room}/`)).toMatchObject({ status: 404, body: noRoom })
    expect((await person.get(`${rooms}?include_archived=true`)).body.results).toEqual([])
    expect((await person.get(`${rooms}?is_active=false`)).body.results).toEqual([])
    expect((await person.get('/api/chat/messages/')).body.results).toEqual([])
    expect((await person.get(`/api/chat/messages/${said.id}/`)).status).toBe(404)
    expect((await person.get('/api/chat/participants/')).body.results).toEqual([])
  }
  const notIn = { room: ['You are not a participant in this room'] }
  expect(await bob.post('/api/chat/messages/', { room, content: 'x' })).toMatchObject({ status: 400, body: notIn })
  for (const [method, action] of [
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', 'archive/'],
    ['POST', 'unarchive/'],
    ['POST', 'leave/'],
    ['POST', 'mark_read/'],
    ['GET', 'stats/'],
  ] as const) {
    expect(await alice.request(method, `${rooms}${room}/${action}`)).toMatchObject({ status: 404, body: noRoom })
  }
  const kept = await chat.db.execute(`select content from chat_messages where id = '${said.id}'`)
  expect([...kept]).toEqual([{ content: 'kept' }])
})

test('the only admin of a room with others in it cannot leave; who assigns another can', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const refused = await alice.post(`${rooms}${room}/leave/`)
  expect(refused).toMatchObject({
    status: 400,
    body: { error: 'Cannot leave room as the only admin. Assign another admin first.' },
  })
  const { results } = (await alice.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
  await alice.patch(`/api/chat/participants/${results[0].id}/`, { is_admin: true })
  expect(await alice.post(`${rooms}${room}/leave/`)).toMatchObject({ status: 200, body: { message: 'Successfully left the room' } })
  expect(await alice.get(`${rooms}${room}/`)).toMatchObject({ status: 403 })
  expect((await bob.get(`${rooms}${room}/`)).body).toMatchObject({ participant_count: 1, participants: [{ user: { id: bob.id } }] })
  expect((await bob.post(`${rooms}${room}/leave/`)).status).toBe(200)
})

test('of the last two admins who leave at once, one stays', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  for (let round = 0; round < 10; round++) {
    const room = await chat.group(alice, bob, carol)
    const { results } = (await alice.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
    await alice.patch(`/api/chat/participants/${results[0].id}/`, { is_admin: true })
    const answers = await Promise.all([alice, bob].map((admin) => admin.post(`${rooms}${room}/leave/`)))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400])
    expect((await carol.get(`/api/chat/participants/?room=${room}&is_admin=true`)).body.count).toBe(1)
  }
})

test('a member may leave, and so may the only one in a room', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  expect((await bob.post(`${rooms}${room}/leave/`)).status).toBe(200)
  expect(await bob.post(`${rooms}${room}/leave/`)).toMatchObject({ status: 404, body: noRoom })
  expect((await alice.post(`${rooms}${room}/leave/`)).status).toBe(200)
})

test('a direct room may always be left, and opening it again brings back who left', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const { id } = (await alice.post(rooms, { participant_ids: [bob.id] })).body
  expect((await alice.post(`${rooms}${id}/leave/`)).status).toBe(200)
  expect((await alice.get(rooms)).body.results).toEqual([])
  const back = await bob.post(rooms, { participant_ids: [alice.id] })
  expect(back).toMatchObject({ status: 201, body: { id, participant_count: 2 } })
  expect((await alice.get(rooms)).body.results).toMatchObject([{ id, display_name: 'bob Test' }])
})

test('mark_read answers in words and leaves nothing unread', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  await alice.say(room, 'one')
  await alice.say(room, 'two')
  expect((await bob.get(rooms)).body.results[0].unread_count).toBe(2)
  expect(await bob.post(`${rooms}${room}/mark_read/`)).toMatchObject({ status: 200, body: { message: 'Room marked as read' } })
  expect((await bob.get(rooms)).body.results[0].unread_count).toBe(0)
  expect(await bob.post(`${rooms}${room}/mark_read/`)).toMatchObject({ status: 200, body: { message: 'Room marked as read' } })
})

test('stats count messages, participants and what is unread', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const empty = { message_count: 0, participant_count: 2, unread_count: 0, last_message_at: null }
  expect(await bob.get(`${rooms}${room}/stats/`)).toMatchObject({ status: 200, body: empty })
  await alice.say(room, 'one')
  const two = await bob.say(room, 'two')
  const { body } = await bob.get(`${rooms}${room}/stats/`)
  expect(body).toEqual({ message_count: 2, participant_count: 2, unread_count: 1, last_message_at: two.created_at })
})

test('to outsiders the actions of a room are not there', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  for (const action of ['archive', 'unarchive', 'leave', 'mark_read']) {
    expect(await mallory.post(`${rooms}${room}/${action}/`)).toMatchObject({ status: 404, body: noRoom })
  }
  expect(await mallory.get(`${rooms}${room}/stats/`)).toMatchObject({ status: 404, body: noRoom })
})
