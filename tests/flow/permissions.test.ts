import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { type Answer, Person } from '../support/person.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

/** A room and what is in it, made anew for every row: the rows change it. */
type Scene = { room: string; message: string; membersMessage: string; memberId: number; adminId: number; newcomer: number }
type Role = 'none' | 'outsider' | 'former' | 'member' | 'admin'

type Row = {
  name: string
  method: string
  path: (scene: Scene) => string
  body?: (scene: Scene) => unknown
  /** Status for: no token, an outsider, a former member, a member, an admin. */
  expected: [number, number, number, number, number]
  /** Of a list: how many results an outsider, a former member, a member and an admin get. */
  counts?: [number, number, number, number]
  /** What a member does here leaves nothing for an admin to try. */
  adminFirst?: boolean
}

const room = ({ room }: Scene) => `/api/chat/rooms/${room}/`
const message = ({ message }: Scene) => `/api/chat/messages/${message}/`
const participant = ({ memberId }: Scene) => `/api/chat/participants/${memberId}/`

const rows: Row[] = [
  { name: 'list rooms', method: 'GET', path: () => '/api/chat/rooms/', expected: [401, 200, 200, 200, 200], counts: [0, 0, 1, 1] },
  {
    name: 'open a room',
    method: 'POST',
    path: () => '/api/chat/rooms/',
    body: () => ({ room_type: 'group' }),
    expected: [401, 201, 201, 201, 201],
  },
  { name: 'see the room', method: 'GET', path: room, expected: [401, 403, 403, 200, 200] },
  { name: 'change the room', method: 'PATCH', path: room, body: () => ({ name: 'x' }), expected: [401, 403, 403, 403, 200] },
  { name: 'replace the room', method: 'PUT', path: room, body: () => ({ name: 'x' }), expected: [401, 403, 403, 403, 200] },
  { name: 'delete the room', method: 'DELETE', path: room, expected: [401, 403, 403, 403, 204] },
  { name: 'archive', method: 'POST', path: (scene) => `${room(scene)}archive/`, expected: [401, 404, 404, 403, 200] },
  { name: 'unarchive', method: 'POST', path: (scene) => `${room(scene)}unarchive/`, expected: [401, 404, 404, 403, 200] },
  { name: 'leave', method: 'POST', path: (scene) => `${room(scene)}leave/`, expected: [401, 404, 404, 200, 400] },
  { name: 'read the room', method: 'POST', path: (scene) => `${room(scene)}mark_read/`, expected: [401, 404, 404, 200, 200] },
  { name: 'count', method: 'GET', path: (scene) => `${room(scene)}stats/`, expected: [401, 404, 404, 200, 200] },
  { name: 'list messages', method: 'GET', path: () => '/api/chat/messages/', expected: [401, 200, 200, 200, 200], counts: [0, 0, 2, 2] },
  {
    name: 'list messages of the room',
    method: 'GET',
    path: (scene) => `/api/chat/messages/?room=${scene.room}`,
    expected: [401, 200, 200, 200, 200],
    counts: [0, 0, 2, 2],
  },
  {
    name: 'send',
    method: 'POST',
    path: () => '/api/chat/messages/',
    body: (scene) => ({ room: scene.room, content: 'hello' }),
    expected: [401, 400, 400, 201, 201],
  },
  { name: 'see a message', method: 'GET', path: message, expected: [401, 404, 404, 200, 200] },
  {
    name: "edit another's message",
    method: 'PATCH',
    path: message,
    body: () => ({ content: 'x' }),
    expected: [401, 404, 404, 403, 403],
  },
  { name: "replace another's message", method: 'PUT', path: message, body: () => ({ content: 'x' }), expected: [401, 404, 404, 403, 403] },
  { name: "delete another's message", method: 'DELETE', path: message, expected: [401, 404, 404, 403, 403] },
  {
    name: "edit the member's message",
    method: 'PATCH',
    path: (scene) => `/api/chat/messages/${scene.membersMessage}/`,
    body: () => ({ content: 'x' }),
    expected: [401, 404, 404, 200, 403],
  },
  {
    name: "delete the member's message",
    method: 'DELETE',
    path: (scene) => `/api/chat/messages/${scene.membersMessage}/`,
    expected: [401, 404, 404, 204, 403],
    adminFirst: true,
  },
  { name: 'read a message', method: 'POST', path: (scene) => `${message(scene)}mark_read/`, expected: [401, 404, 404, 200, 200] },
  { name: 'mark a message unread', method: 'POST', path: (scene) => `${message(scene)}mark_unread/`, expected: [401, 404, 404, 200, 200] },
  {
    name: 'search',
    method: 'GET',
    path: () => '/api/chat/messages/search/?q=hello',
    expected: [401, 200, 200, 200, 200],
    counts: [0, 0, 2, 2],
  },
  { name: 'see who has read a message', method: 'GET', path: (scene) => `${message(scene)}receipts/`, expected: [401, 404, 404, 200, 200] },
  { name: 'see what has changed', method: 'GET', path: (scene) => `${room(scene)}changes/?since=0`, expected: [401, 404, 404, 200, 200] },
  { name: 'count what is unread', method: 'GET', path: () => '/api/chat/unread/', expected: [401, 200, 200, 200, 200] },
  {
    name: 'list participants',
    method: 'GET',
    path: (scene) => `/api/chat/participants/?room=${scene.room}`,
    expected: [401, 200, 200, 200, 200],
    counts: [0, 0, 3, 3],
  },
  {
    name: 'take somebody in',
    method: 'POST',
    path: () => '/api/chat/participants/',
    body: (scene) => ({ room: scene.room, user: scene.newcomer }),
    expected: [401, 403, 403, 403, 201],
  },
  { name: 'see a participant', method: 'GET', path: participant, expected: [401, 404, 404, 200, 200] },
  {
    name: 'make an admin',
    method: 'PATCH',
    path: participant,
    body: () => ({ is_admin: true }),
    expected: [401, 404, 404, 403, 200],
  },
  { name: 'remove a member', method: 'DELETE', path: participant, expected: [401, 404, 404, 403, 204] },
  { name: 'mute the member', method: 'POST', path: (scene) => `${participant(scene)}mute/`, expected: [401, 404, 404, 200, 403] },
  {
    name: 'mute the admin',
    method: 'POST',
    path: (scene) => `/api/chat/participants/${scene.adminId}/mute/`,
    expected: [401, 404, 404, 403, 200],
  },
  { name: 'see who types', method: 'GET', path: (scene) => `/api/chat/typing/?room=${scene.room}`, expected: [401, 200, 200, 200, 200] },
]

async function makeScene(): Promise<{ scene: Scene; people: Record<Role, Person> }> {
  const [admin, author, member, former, outsider] = await chat.newPeople('admin', 'author', 'member', 'former', 'outsider')
  const id = await chat.group(admin, author, member, former)
  const said = await author.say(id, 'hello')
  const his = await member.say(id, 'hello too')
  await former.post(`/api/chat/rooms/${id}/leave/`)
  const { participants } = (await admin.get(`/api/chat/rooms/${id}/`)).body
  const idOf = (person: Person) => participants.find((one: { user: { id: number } }) => one.user.id === person.id).id
  const scene = { room: id, message: said.id, membersMessage: his.id, memberId: idOf(member), adminId: idOf(admin), newcomer: outsider.id }
  return { scene, people: { none: new Person(chat.url, 0, ''), outsider, former, member, admin } }
}

const roles: Role[] = ['none', 'outsider', 'former', 'member', 'admin']

test.each(rows)('who may: $name', async ({ method, path, body, expected, counts, adminFirst }) => {
  const { scene, people } = await makeScene()
  const answers = new Map<Role, Answer>()
  for (const role of adminFirst ? roles.toReversed() : roles) {
    answers.set(role, await people[role].request(method, path(scene), body?.(scene)))
  }
  expect(roles.map((role) => answers.get(role)?.status)).toEqual(expected)
  if (counts) expect(roles.slice(1).map((role) => answers.get(role)?.body.results.length)).toEqual(counts)
})

test('who may open the socket of a room', async () => {
  const { scene, people } = await makeScene()
  const refused = await Promise.all(roles.map((role) => people[role].open(scene.room).refused))
  expect(refused).toEqual([401, 403, 403, undefined, undefined])
})

test('on the socket of all rooms, who is not in a room can do nothing in it', async () => {
  const { scene, people } = await makeScene()
  const hers = await people.admin.connect(scene.room)
  for (const role of ['outsider', 'former'] as const) {
    const socket = await people[role].connect()
    for (const command of [
      { type: 'chat_message', message: 'let me in' },
      { type: 'typing', is_typing: true },
      { type: 'read_receipt', message_id: scene.message },
      { type: 'mark_room_read' },
    ]) {
      socket.send({ ...command, room_id: scene.room })
      expect({ command, code: (await socket.next('error')).code }).toEqual({ command, code: 'not_participant' })
    }
  }
  await hers.settled()
  expect(hers.frames.map((frame) => frame.type)).toEqual(['connection_established', 'pong'])
})

test('a former member who is taken in again is a member again', async () => {
  const { scene, people } = await makeScene()
  await people.admin.post('/api/chat/participants/', { room: scene.room, user: people.former.id })
  expect((await people.former.get(room(scene))).status).toBe(200)
  expect((await people.former.patch(room(scene), { name: 'x' })).status).toBe(403)
})
