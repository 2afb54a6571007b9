import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { png } from '../support/sample-files.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

let chat: Attacked
/** Admin, member, former member, outsider, newcomer: of every room of the matrix. */
let people: Person[]
beforeAll(async () => {
  chat = await startAttacked()
  people = await chat.newPeople('admin', 'member', 'former', 'outsider', 'newcomer')
})
afterEach(() => chat.unharmed())
afterAll(() => chat.close())

type Who = 'nobody' | 'outsider' | 'former' | 'member' | 'admin'
type World = { room: string; message: string; memberPlace: number; adminPlace: number; newcomer: number }
type Row = [method: string, path: (world: World) => string, body: ((world: World) => object) | undefined, statuses: Record<Who, number>]

const all = (statuses: [number, number, number, number, number]): Record<Who, number> => {
  const [nobody, outsider, former, member, admin] = statuses
  return { nobody, outsider, former, member, admin }
}

/** For nobody, an outsider, a former member, a member, the admin. The message is the member's. */
const matrix: Row[] = [
  ['GET', () => '/api/chat/rooms/', undefined, all([401, 200, 200, 200, 200])],
  ['GET', ({ room }) => `/api/chat/rooms/${room}/`, undefined, all([401, 403, 403, 200, 200])],
  ['PATCH', ({ room }) => `/api/chat/rooms/${room}/`, () => ({ name: 'x' }), all([401, 403, 403, 403, 200])],
  ['PUT', ({ room }) => `/api/chat/rooms/${room}/`, () => ({ name: 'x' }), all([401, 403, 403, 403, 200])],
  ['DELETE', ({ room }) => `/api/chat/rooms/${room}/`, undefined, all([401, 403, 403, 403, 204])],
  ['POST', ({ room }) => `/api/chat/rooms/${room}/archive/`, undefined, all([401, 404, 404, 403, 200])],
  ['POST', ({ room }) => `/api/chat/rooms/${room}/unarchive/`, undefined, all([401, 404, 404, 403, 200])],
  ['POST', ({ room }) => `/api/chat/rooms/${room}/leave/`, undefined, all([401, 404, 404, 200, 400])],
  ['POST', ({ room }) => `/api/chat/rooms/${room}/mark_read/`, undefined, all([401, 404, 404, 200, 200])],
  ['GET', ({ room }) => `/api/chat/rooms/${room}/stats/`, undefined, all([401, 404, 404, 200, 200])],
  ['GET', ({ room }) => `/api/chat/rooms/${room}/changes/`, undefined, all([401, 404, 404, 200, 200])],
  ['GET', ({ room }) => `/api/chat/messages/?room=${room}`, undefined, all([401, 200, 200, 200, 200])],
  ['POST', () => '/api/chat/messages/', ({ room }) => ({ room, content: 'x' }), all([401, 400, 400, 201, 201])],
  ['GET', ({ message }) => `/api/chat/messages/${message}/`, undefined, all([401, 404, 404, 200, 200])],
  ['PATCH', ({ message }) => `/api/chat/messages/${message}/`, () => ({ content: 'x' }), all([401, 404, 404, 200, 403])],
  ['PUT', ({ message }) => `/api/chat/messages/${message}/`, () => ({ content: 'x' }), all([401, 404, 404, 200, 403])],
  ['DELETE', ({ message }) => `/api/chat/messages/${message}/`, undefined, all([401, 404, 404, 204, 403])],
  ['POST', ({ message }) => `/api/chat/messages/${message}/mark_read/`, undefined, all([401, 404, 404, 200, 200])],
  ['POST', ({ message }) => `/api/chat/messages/${message}/mark_unread/`, undefined, all([401, 404, 404, 200, 200])],
  ['GET', ({ message }) => `/api/chat/messages/${message}/receipts/`, undefined, all([401, 404, 404, 200, 200])],
  ['GET', ({ room }) => `/api/chat/participants/?room=${room}`, undefined, all([401, 200, 200, 200, 200])],
  ['POST', () => '/api/chat/participants/', ({ room, newcomer }) => ({ room, user: newcomer }), all([401, 403, 403, 403, 201])],
  ['GET', ({ memberPlace }) => `/api/chat/participants/${memberPlace}/`, undefined, all([401, 404, 404, 200, 200])],
  ['PATCH', ({ memberPlace }) => `/api/chat/participants/${memberPlace}/`, () => ({ is_admin: true }), all([401, 404, 404, 403, 200])],
  ['DELETE', ({ memberPlace }) => `/api/chat/participants/${memberPlace}/`, undefined, all([401, 404, 404, 403, 204])],
  ['DELETE', ({ adminPlace }) => `/api/chat/participants/${adminPlace}/`, undefined, all([401, 404, 404, 403, 400])],
  ['POST', ({ memberPlace }) => `/api/chat/participants/${memberPlace}/mute/`, () => ({}), all([401, 404, 404, 200, 403])],
  ['GET', ({ room }) => `/api/chat/typing/?room=${room}`, undefined, all([401, 200, 200, 200, 200])],
]

const placeOf = async (asker: Person, room: string, userId: number): Promise<number> =>
  (await asker.get(`/api/chat/participants/?room=${room}&user=${userId}`)).body.results[0].id

async function makeWorld() {
  const [admin, member, former, outsider, newcomer] = people as [Person, Person, Person, Person, Person]
  const room = await chat.group(admin, member, former)
  const secret = `between-us-${randomUUID()}`
  const { id: message } = await member.say(room, secret)
  const memberPlace = await placeOf(admin, room, member.id)
  const adminPlace = await placeOf(admin, room, admin.id)
  expect((await former.post(`/api/chat/rooms/${room}/leave/`)).status).toBe(200)
  return { admin, member, former, outsider, secret, world: { room, message, memberPlace, adminPlace, newcomer: newcomer.id } }
}

const named = matrix.map(([method, path, body, statuses]) => {
  const shown = path({ room: '<room>', message: '<message>', memberPlace: 1, adminPlace: 2, newcomer: 3 })
  return [`${method} ${shown}`, method, path, body, statuses] as const
})

test.each(named)('%s answers each as it may', async (_name, method, path, body, statuses) => {
  const { admin, member, former, outsider, secret, world } = await makeWorld()
  const ask = (by: Person, headers: Record<string, string> = {}) => by.request(method, path(world), body?.(world), headers)
  const found: Record<string, number> = {}
  for (const [who, person] of Object.entries({ outsider, former, member, admin })) {
    // What the member has done to himself or to his message is not there for the admin any more: he gets a world of his own.
    const isLast = who === 'admin'
    const answer = isLast ? await askAsAdmin(method, path, body) : await ask(person)
    found[who] = answer.status
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    if (who === 'outsider' || who === 'former') expect(JSON.stringify(answer.body) ?? '').not.toContain(secret)
    chat.saw(answer.body)
  }
  found.nobody = (await ask(outsider, { authorization: '' })).status
  expect(found).toEqual(statuses)
})

async function askAsAdmin(method: string, path: Row[1], body: Row[2]) {
  const { admin, world } = await makeWorld()
  return admin.request(method, path(world), body?.(world))
}

const forbidden = {
  id: randomUUID(),
  sender: 1,
  sender_id: 1,
  seq: 99,
  created_at: '2001-01-01T00:00:00Z',
  modified_at: '2001-01-01T00:00:00Z',
  is_deleted: true,
  is_edited: true,
  read_by: { 1: '2001-01-01T00:00:00Z' },
  is_read: true,
  left_at: '2001-01-01T00:00:00Z',
  last_read_at: '2001-01-01T00:00:00Z',
  last_seq: 99,
  participants: [],
  created_by: 1,
  direct_key: '1:2',
  is_superuser: true,
  role: 'superuser',
}

test('what nobody may set is not set, in any body', async () => {
  const [mallory, carl] = await chat.newPeople('mallory', 'carl')
  const { alice, room: honestRoom } = chat.honest
  const made = await mallory.post('/api/chat/rooms/', { ...forbidden, room_type: 'group', name: 'mine', is_active: false, is_admin: true })
  expect(made.body).toMatchObject({ seq: 0, is_active: true, archived_at: null, created_by: { id: mallory.id }, participant_count: 1 })
  const room = made.body.id
  const said = await mallory.post('/api/chat/messages/', { ...forbidden, sender: alice.id, room, content: 'x' })
  expect(said.body).toMatchObject({ seq: 1, sender: { id: mallory.id }, is_deleted: false, is_edited: false, read_by: {} })
  expect(said.body.created_at > '2020').toBe(true)
  const edited = await mallory.patch(`/api/chat/messages/${said.body.id}/`, {
    ...forbidden,
    room: honestRoom,
    content: 'y',
    message_type: 'system',
  })
  expect(edited.body).toMatchObject({ room, seq: 1, content: 'y', message_type: 'text', sender: { id: mallory.id }, is_deleted: false })
  const renamed = await mallory.patch(`/api/chat/rooms/${room}/`, { ...forbidden, name: 'other', room_type: 'direct' })
  expect(renamed.body).toMatchObject({ id: room, room_type: 'group', name: 'other', created_by: { id: mallory.id } })
  const added = await mallory.post('/api/chat/participants/', { ...forbidden, room, user: carl.id })
  expect(added.body).toMatchObject({ room, user: { id: carl.id }, is_admin: false, left_at: null })
  const moved = await mallory.patch(`/api/chat/participants/${added.body.id}/`, {
    ...forbidden,
    room: honestRoom,
    user: alice.id,
    is_admin: true,
  })
  expect(moved.body).toMatchObject({ room, user: { id: carl.id }, is_admin: true, left_at: null })
  const own = await placeOf(mallory, room, mallory.id)
  const muted = await mallory.post(`/api/chat/participants/${own}/mute/`, { ...forbidden, room: honestRoom, is_admin: false })
  expect(muted.body).toMatchObject({ room, is_admin: true, left_at: null })
  const rows = await chat.db.execute(sql`select count(*)::int as count from chat_participants where room_id = ${honestRoom}`)
  expect(rows[0]).toEqual({ count: 2 })
})

test('a reply cannot quote what its sender cannot read, by REST or by socket', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const room = await chat.group(mallory)
  const secret = await chat.honest.alice.say(chat.honest.room, 'for two only')
  await (await chat.honest.bob.connect(chat.honest.room)).settled()
  const byRest = await mallory.post('/api/chat/messages/', { room, content: 'x', reply_to: secret.id })
  expect(byRest).toMatchObject({ status: 400, body: { reply_to: ['Reply message must be in the same room'] } })
  const socket = await mallory.connect(room)
  socket.send({ type: 'chat_message', message: 'x', reply_to: secret.id })
  expect(await socket.next('error')).toMatchObject({ message: 'Reply message must be in the same room' })
  socket.send({ type: 'read_receipt', message_id: secret.id })
  expect(await socket.next('error')).toMatchObject({ code: 'not_found' })
})

test('another’s client_id names another message: it is neither found nor blocked', async () => {
  const [mallory, carl] = await chat.newPeople('mallory', 'carl')
  const room = await chat.group(carl, mallory)
  const his = await carl.say(room, 'carl’s', { client_id: 'shared' })
  const mine = await mallory.post('/api/chat/messages/', { room, content: 'mallory’s', client_id: 'shared' })
  expect(mine.status).toBe(201)
  expect(mine.body.id).not.toBe(his.id)
})

test('who is removed loses the open socket, resume, search, files, counts and lists', async () => {
  const [admin, removed] = await chat.newPeople('admin', 'removed')
  const room = await chat.group(admin, removed)
  const form = new FormData()
  form.set('room', room)
  form.set('content', 'a picture of the pool')
  form.set('attachment', new Blob([png]), 'pool.png')
  const { body: picture } = await admin.post('/api/chat/messages/', form)
  const link = (await removed.get(`/api/chat/messages/${picture.id}/`)).body.attachment
  expect((await fetch(link)).status).toBe(200)
  const [narrow, wide] = await Promise.all([removed.connect(room), removed.connect()])
  await admin.delete(`/api/chat/participants/${await placeOf(admin, room, removed.id)}/`)
  expect(await narrow.closed).toBe(4403)
  await wide.next('participant_removed')
  const after = await admin.say(room, 'a secret of the pool')
  expect(await removed.open(room, '&since=0').refused).toBe(403)
  wide.send({ type: 'resume', rooms: { [room]: 0 } })
  wide.send({ type: 'chat_message', room_id: room, message: 'still here' })
  expect(await wide.next('error')).toMatchObject({ code: 'not_participant' })
  await wide.settled()
  expect(JSON.stringify(wide.frames)).not.toContain(after.content)
  expect((await fetch(link)).status).toBe(404)
  for (const path of ['/api/chat/messages/?search=pool', `/api/chat/messages/?room=${room}`, '/api/chat/messages/', '/api/chat/rooms/'])
    expect((await removed.get(path)).body).toMatchObject({ count: 0, results: [] })
  expect(JSON.stringify((await removed.get('/api/chat/messages/search/?q=secret')).body)).not.toContain('pool')
})

test('when the last two admins leave at once, one of them stays', async () => {
  const [admin, other, member] = await chat.newPeople('admin', 'other', 'member')
  for (let round = 0; round < 20; round++) {
    const room = await chat.group(admin, other, member)
    await admin.patch(`/api/chat/participants/${await placeOf(admin, room, other.id)}/`, { is_admin: true })
    const places = { own: await placeOf(admin, room, admin.id), others: await placeOf(admin, room, other.id) }
    const answers = await Promise.all(
      round % 2 === 0
        ? [admin.post(`/api/chat/rooms/${room}/leave/`), other.post(`/api/chat/rooms/${room}/leave/`)]
        : [
            admin.patch(`/api/chat/participants/${places.others}/`, { is_admin: false }),
            other.patch(`/api/chat/participants/${places.own}/`, { is_admin: false }),
          ],
    )
    expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
    const [admins] = await chat.db.execute(sql`
      select count(*)::int as count from chat_participants where room_id = ${room} and is_admin and left_at is null`)
    expect(admins).toEqual({ count: 1 })
  }
})
