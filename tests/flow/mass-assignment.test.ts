import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

/** What no client may set. */
function forged(victim: number, room: string) {
  return {
    id: '01900000-0000-7000-8000-00000000dead',
    seq: 9_000,
    last_seq: 9_000,
    sender: victim,
    sender_id: victim,
    created_by: victim,
    room_id: room,
    created_at: '2001-01-01T00:00:00Z',
    modified_at: '2001-01-01T00:00:00Z',
    joined_at: '2001-01-01T00:00:00Z',
    edited_at: '2001-01-01T00:00:00Z',
    deleted_at: '2001-01-01T00:00:00Z',
    archived_at: '2001-01-01T00:00:00Z',
    left_at: '2001-01-01T00:00:00Z',
    last_read_at: '2001-01-01T00:00:00Z',
    is_edited: true,
    is_deleted: true,
    is_read: true,
    read_count: 7,
    read_by: { [victim]: '2001-01-01T00:00:00Z' },
    unread_count: 7,
    message_count: 7,
    attachment_size: 7,
    attachment_key: '../../etc/passwd',
    direct_key: '1:2',
    ['__proto__']: { polluted: true },
    constructor: { prototype: { polluted: true } },
  }
}

async function scene() {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const [room, foreign] = [await chat.group(alice, bob), await chat.group(mallory)]
  return { alice, bob, mallory, room, foreign, forgery: forged(bob.id, foreign) }
}

test('a sent message is from its sender, now, in its place', async () => {
  const { alice, bob, mallory, room, foreign, forgery } = await scene()
  const { status, body } = await alice.post('/api/chat/messages/', { ...forgery, is_admin: true, room, content: 'hello' })
  expect(status).toBe(201)
  const { id, created_at, modified_at, ...rest } = body
  expect(id).not.toBe(forgery.id)
  expect(Date.parse(created_at)).toBeGreaterThan(Date.now() - 60_000)
  expect(modified_at).toBe(created_at)
  expect(rest).toMatchObject({ room, seq: 1, sender: { id: alice.id }, is_edited: false, edited_at: null, attachment: null })
  expect(rest).toMatchObject({ is_deleted: false, deleted_at: null, read_count: 0, read_by: {}, attachment_size: null })
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body).toMatchObject({ unread_count: 1, seq: 1 })
  expect((await mallory.get(`/api/chat/messages/?room=${foreign}`)).body.count).toBe(0)
})

test('an edited message changes its content and nothing else', async () => {
  const { alice, room, foreign, forgery } = await scene()
  const said = await alice.say(room, 'hello')
  const edit = { ...forgery, room: foreign, message_type: 'system', client_id: 'c9', reply_to: said.id, content: 'hello!' }
  for (const method of ['PATCH', 'PUT']) {
    const { status, body } = await alice.request(method, `/api/chat/messages/${said.id}/`, edit)
    expect(status).toBe(200)
    const { modified_at, edited_at } = body
    expect(body).toEqual({ ...said, content: 'hello!', is_edited: true, modified_at, edited_at })
    expect(Date.parse(edited_at)).toBeGreaterThan(Date.now() - 60_000)
  }
})

test('a new room is its creator’s, begins at nothing, and has its members as members', async () => {
  const { alice, bob, forgery } = await scene()
  const asked = { ...forgery, room_type: 'group', is_active: false, is_admin: false, participant_ids: [bob.id] }
  const { status, body } = await alice.post('/api/chat/rooms/', asked)
  expect(status).toBe(201)
  expect(body.id).not.toBe(forgery.id)
  expect(body).toMatchObject({ seq: 0, created_by: { id: alice.id }, is_active: true, archived_at: null, unread_count: 0 })
  expect(body.participants).toMatchObject([
    { user: { id: alice.id }, is_admin: true },
    { user: { id: bob.id }, is_admin: false, left_at: null, last_read_at: null },
  ])
  expect(Date.parse(body.created_at)).toBeGreaterThan(Date.now() - 60_000)
})

test('a changed room keeps everything but its name', async () => {
  const { alice, bob, mallory, room, forgery } = await scene()
  const { body: before } = await alice.get(`/api/chat/rooms/${room}/`)
  const changes = { ...forgery, room_type: 'direct', task: 1, property: 1, participants: [], participant_ids: [mallory.id], name: 'New' }
  for (const method of ['PATCH', 'PUT']) {
    const { status, body } = await alice.request(method, `/api/chat/rooms/${room}/`, changes)
    expect(status).toBe(200)
    const { seq, modified_at } = body
    expect(body).toEqual({ ...before, name: 'New', display_name: 'New', seq, modified_at })
  }
  expect((await bob.get('/api/chat/rooms/')).body.count).toBe(1)
})

test('a participant is taken into the named room, and nothing else of him is set', async () => {
  const { alice, mallory, room, forgery } = await scene()
  const asked = { ...forgery, is_muted: true, muted_until: '2999-01-01T00:00:00Z', room, user: mallory.id }
  const { status, body } = await alice.post('/api/chat/participants/', asked)
  expect(status).toBe(201)
  expect(body).toMatchObject({ room, user: { id: mallory.id }, is_admin: false, is_muted: false, muted_until: null, left_at: null })
  expect(body).toMatchObject({ unread_count: 0, last_read_at: null })
  expect(Date.parse(body.joined_at)).toBeGreaterThan(Date.now() - 60_000)
})

test('a changed participant stays himself, in his room', async () => {
  const { alice, bob, mallory, room, foreign, forgery } = await scene()
  const [, before] = (await alice.get(`/api/chat/participants/?room=${room}`)).body.results
  const { body } = await alice.patch(`/api/chat/participants/${before.id}/`, {
    ...forgery,
    room: foreign,
    user: mallory.id,
    is_admin: true,
  })
  expect(body).toEqual({ ...before, is_admin: true })
  const muted = await bob.post(`/api/chat/participants/${before.id}/mute/`, {
    ...forgery,
    is_admin: false,
    room: foreign,
    user: mallory.id,
  })
  expect(muted.body).toEqual({ ...before, is_admin: true, is_muted: true })
})

test('actions without a body take none', async () => {
  const { alice, bob, mallory, room, foreign, forgery } = await scene()
  const said = await alice.say(room, 'hello')
  const extra = { ...forgery, room: foreign, user: mallory.id, user_id: mallory.id }
  const read = await bob.post(`/api/chat/messages/${said.id}/mark_read/`, extra)
  expect(Object.keys(read.body.read_by)).toEqual([String(bob.id)])
  expect((await bob.post(`/api/chat/rooms/${room}/mark_read/`, extra)).status).toBe(200)
  expect((await bob.post(`/api/chat/rooms/${room}/leave/`, extra)).status).toBe(200)
  expect((await mallory.get(`/api/chat/rooms/${foreign}/`)).body.participant_count).toBe(1)
  expect((await alice.get(`/api/chat/rooms/${room}/`)).body).toMatchObject({ participant_count: 1, is_active: true, seq: said.seq + 1 })
})

test('a frame sets no more than it may', async () => {
  const { alice, room, forgery } = await scene()
  const socket = await alice.connect(room)
  const { room_id, ...rest } = forgery
  socket.send({ ...rest, type: 'chat_message', message: 'hello', message_type: 'system', room_id: room })
  const { message } = await socket.next('chat_message')
  expect(message).toMatchObject({ seq: 1, message_type: 'text', sender: { id: alice.id }, is_deleted: false, is_edited: false })
  expect(message.id).not.toBe(forgery.id)
})
