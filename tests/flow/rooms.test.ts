import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { noPermission, noRoom, notFound, time, unknownId, uuid } from './support/bodies.ts'

const rooms = '/api/chat/rooms/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('a new room has every field of the contract, and its creator is the admin', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const { status, body } = await alice.post(rooms, { room_type: 'group', name: ' Cleaning ', participant_ids: [bob.id] })
  expect(status).toBe(201)
  const brief = { id: alice.id, username: alice.username, full_name: 'alice Test', email: `${alice.username}@example.com` }
  const participant = {
    id: expect.any(Number),
    user: brief,
    room: body.id,
    joined_at: expect.stringMatching(time),
    last_read_at: null,
    is_admin: true,
    unread_count: 0,
    is_muted: false,
    muted_until: null,
    left_at: null,
  }
  expect(body).toEqual({
    id: expect.stringMatching(uuid),
    seq: 0,
    name: 'Cleaning',
    room_type: 'group',
    task: null,
    property: null,
    created_at: expect.stringMatching(time),
    modified_at: expect.stringMatching(time),
    created_by: brief,
    is_active: true,
    archived_at: null,
    participants: [participant, { ...participant, id: expect.any(Number), user: expect.objectContaining({ id: bob.id }), is_admin: false }],
    participant_count: 2,
    last_message: null,
    unread_count: 0,
    display_name: 'Cleaning',
  })
})

test('the full room shows its last message and what is unread', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const said = await alice.say(room, 'hello')
  const { status, body } = await bob.get(`${rooms}${room}/`)
  expect(status).toBe(200)
  expect(body).toMatchObject({ unread_count: 1, last_message: { id: said.id, content: 'hello', is_read: false } })
  expect((await alice.get(`${rooms}${room.toUpperCase()}/`)).body).toMatchObject({ id: room, unread_count: 0 })
})

test('a direct room needs exactly one other active user', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const ivan = await chat.person('rooms-ivan', { isActive: false })
  for (const participant_ids of [undefined, [], [alice.id], [bob.id, carol.id], [ivan.id]]) {
    const { status, body } = await alice.post(rooms, { room_type: 'direct', participant_ids })
    expect({ status, body }).toEqual({ status: 403, body: noPermission })
  }
})

test('direct is the type when none is given, and the same pair gets the same room from both sides', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const first = await alice.post(rooms, { participant_ids: [bob.id] })
  expect(first).toMatchObject({ status: 201, body: { room_type: 'direct', display_name: 'bob Test', participant_count: 2 } })
  const again = await bob.post(rooms, { room_type: 'direct', participant_ids: [String(alice.id)] })
  expect(again).toMatchObject({ status: 201, body: { id: first.body.id, display_name: 'alice Test' } })
  expect((await alice.post(rooms, { participant_ids: [alice.id, bob.id] })).body.id).toBe(first.body.id)
})

test('while one of a pair leaves, the other opens their direct room: both are in it or it can be opened again', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const open = () => bob.post(rooms, { participant_ids: [alice.id] })
  const { id } = (await open()).body
  for (let round = 0; round < 10; round++) {
    const [, opened] = await Promise.all([alice.post(`${rooms}${id}/leave/`), open()])
    expect(opened).toMatchObject({ status: 201, body: { id } })
    expect(await open()).toMatchObject({ status: 201, body: { id, participant_count: 2 } })
  }
})

test('unknown or repeated ids are refused', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const wrong = { status: 400, body: { participant_ids: ['Some user IDs are invalid'] } }
  for (const participant_ids of [[999_999], [bob.id, 999_999], [bob.id, bob.id], [bob.id, String(bob.id)], [0], [-1]]) {
    for (const room_type of ['group', 'direct']) {
      expect(await alice.post(rooms, { room_type, name: 'x', participant_ids })).toMatchObject(wrong)
    }
  }
  const ivan = await chat.person('rooms-inactive', { isActive: false })
  expect(await alice.post(rooms, { room_type: 'group', participant_ids: [carol.id, ivan.id] })).toMatchObject(wrong)
  for (const participant_ids of ['abc', [1.5], [null], [9_007_199_254_740_992], {}]) {
    const { status, body } = await alice.post(rooms, { room_type: 'group', participant_ids })
    expect({ status, fields: Object.keys(body) }).toEqual({ status: 400, fields: ['participant_ids'] })
  }
})

test('a room can be asked for by a form, of either kind', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const encoded = new URLSearchParams({ room_type: 'group' })
  for (const { id } of [bob, carol]) encoded.append('participant_ids', String(id))
  expect(await alice.post(rooms, encoded)).toMatchObject({ status: 201, body: { room_type: 'group', participant_count: 3 } })
  const form = new FormData()
  form.set('participant_ids', String(bob.id))
  expect(await alice.post(rooms, form)).toMatchObject({ status: 201, body: { room_type: 'direct', participant_count: 2 } })
})

test('a task room is for a task that exists, a property room for a property', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const subjects = { task: await chat.task('Deep clean'), property: await chat.property('Ocean View') }
  for (const [room_type, subject] of Object.entries(subjects)) {
    const title = room_type === 'task' ? 'Task' : 'Property'
    const missing = await alice.post(rooms, { room_type, participant_ids: [bob.id] })
    expect(missing).toMatchObject({ status: 400, body: { [room_type]: [`${title} is required for ${room_type}-type rooms`] } })
    const unknown = await alice.post(rooms, { room_type, [room_type]: 9999 })
    expect(unknown).toMatchObject({ status: 400, body: { [room_type]: ['Invalid pk "9999" - object does not exist.'] } })
    const made = await alice.post(rooms, { room_type, [room_type]: String(subject), participant_ids: [bob.id] })
    expect(made).toMatchObject({ status: 201, body: { [room_type]: subject, room_type } })
    expect(made.body.display_name).toBe(room_type === 'task' ? 'Task: Deep clean' : 'Property: Ocean View')
  }
})

test('a name has at most 255 characters, a type is one of four', async () => {
  const [alice] = await chat.newPeople('alice')
  const long = await alice.post(rooms, { room_type: 'group', name: 'é'.repeat(256) })
  expect(long).toMatchObject({ status: 400, body: { name: ['Ensure this field has no more than 255 characters.'] } })
  expect((await alice.post(rooms, { room_type: 'group', name: '😀'.repeat(255) })).status).toBe(201)
  const banana = await alice.post(rooms, { room_type: 'banana' })
  expect(banana).toMatchObject({ status: 400, body: { room_type: ['"banana" is not a valid choice.'] } })
  const nul = await alice.post(rooms, { room_type: 'group', name: 'a\u0000b' })
  expect(nul).toMatchObject({ status: 400, body: { name: ['Null characters are not allowed.'] } })
})

test('a room without a name is called by the first 8 characters of its id', async () => {
  const [alice] = await chat.newPeople('alice')
  const { body } = await alice.post(rooms, { room_type: 'group' })
  expect(body).toMatchObject({ name: '', display_name: `Chat #${body.id.slice(0, 8)}`, participant_count: 1 })
})

test('a full name is the username where there is no other', async () => {
  const [alice] = await chat.newPeople('alice')
  const nameless = await chat.person('nameless-one')
  const { body } = await alice.post(rooms, { participant_ids: [nameless.id] })
  expect(body.display_name).toBe('nameless-one')
})

test('who is no participant is refused a room, and an unknown one is not found', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  expect(await mallory.get(`${rooms}${room}/`)).toMatchObject({ status: 403, body: noPermission })
  expect(await mallory.get(`${rooms}${unknownId}/`)).toMatchObject({ status: 404, body: noRoom })
  for (const id of ['abc', '0', `${room}x`, '%00', room.slice(1)]) {
    expect(await alice.get(`${rooms}${id}/`)).toMatchObject({ status: 404, body: notFound })
  }
})
