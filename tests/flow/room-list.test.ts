import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { pdf, png } from '../support/sample-files.ts'

const rooms = '/api/chat/rooms/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function list(person: Person, query = '') {
  return (await person.get(`${rooms}${query}`)).body.results as Record<string, unknown>[]
}

const idsOf = async (person: Person, query = '') => (await list(person, query)).map((room) => room.id)

test('an item has every field of the contract', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const { body: room } = await alice.post(rooms, { room_type: 'group', name: 'Lobby', participant_ids: [bob.id] })
  expect(await list(bob)).toEqual([
    {
      id: room.id,
      display_name: 'Lobby',
      room_type: 'group',
      is_active: true,
      unread_count: 0,
      unread_from_seq: null,
      last_message_preview: 'No messages yet',
      last_message_time: room.created_at,
      participant_count: 2,
      modified_at: room.modified_at,
      seq: 0,
      is_muted: false,
    },
  ])
  const said = await alice.say(room.id, `${'😀'.repeat(99)}ab`)
  const [item] = await list(bob)
  expect(item).toMatchObject({ unread_count: 1, last_message_preview: `${'😀'.repeat(99)}a`, last_message_time: said.created_at })
})

test('files are previewed by what they are', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const [name, content, preview] of [
    ['a.png', png, '[Image]'],
    ['b.pdf', pdf, '[File Attachment]'],
  ] as const) {
    const form = new FormData()
    form.set('room', room)
    form.set('content', 'look')
    form.set('attachment', new Blob([new Uint8Array(content)]), name)
    expect((await alice.post('/api/chat/messages/', form)).status).toBe(201)
    expect(await list(alice)).toMatchObject([{ last_message_preview: preview }])
  }
  await chat.db.execute(`update chat_messages set message_type = 'system' where room_id = '${room}'`)
  expect(await list(alice)).toMatchObject([{ last_message_preview: '[System Message]' }])
})

test('the room with the newest activity comes first, unless asked otherwise', async () => {
  const [alice] = await chat.newPeople('alice')
  const [one, two, three] = [await chat.group(alice), await chat.group(alice), await chat.group(alice)]
  await alice.say(one, 'hello')
  expect(await idsOf(alice)).toEqual([one, three, two])
  expect(await idsOf(alice, '?ordering=-modified_at')).toEqual([one, three, two])
  expect(await idsOf(alice, '?ordering=modified_at')).toEqual([two, three, one])
  expect(await idsOf(alice, '?ordering=created_at')).toEqual([one, two, three])
  expect(await idsOf(alice, '?ordering=-created_at')).toEqual([three, two, one])
  expect(await idsOf(alice, '?ordering=nonsense')).toEqual([one, three, two])
  await alice.patch(`${rooms}${two}/`, { name: 'renamed' })
  expect(await idsOf(alice)).toEqual([two, one, three])
})

test('archived rooms are left out unless asked for', async () => {
  const [alice] = await chat.newPeople('alice')
  const [open, archived] = [await chat.group(alice), await chat.group(alice)]
  await alice.post(`${rooms}${archived}/archive/`)
  expect(await idsOf(alice)).toEqual([open])
  expect(await idsOf(alice, '?include_archived=false')).toEqual([open])
  expect(await idsOf(alice, '?include_archived=true')).toEqual([archived, open])
  expect(await idsOf(alice, '?is_active=true')).toEqual([open])
  expect(await idsOf(alice, '?is_active=false')).toEqual([archived])
  expect(await idsOf(alice, '?is_active=False&include_archived=true')).toEqual([archived])
})

test('rooms are found by type, name and display name, taken literally', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const direct = (await alice.post(rooms, { participant_ids: [bob.id] })).body.id
  const group = (await alice.post(rooms, { room_type: 'group', name: '100% Süd_West' })).body.id
  const task = (await alice.post(rooms, { room_type: 'task', task: await chat.task('Deep clean') })).body.id
  expect(await idsOf(alice, '?room_type=direct')).toEqual([direct])
  expect(await idsOf(alice, '?room_type=property')).toEqual([])
  expect(await idsOf(alice, '?search=BOB+test')).toEqual([direct])
  expect(await idsOf(alice, '?search=deep')).toEqual([task])
  expect(await idsOf(alice, '?search=s%C3%BCd')).toEqual([group])
  expect(await idsOf(alice, '?search=%25')).toEqual([group])
  expect(await idsOf(alice, '?search=_')).toEqual([group])
  expect(await idsOf(alice, '?search=%5C')).toEqual([])
  expect((await alice.get(`${rooms}?search=a%00b`)).status).toBe(400)
})

test('only my rooms are mine', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  expect(await idsOf(mallory)).toEqual([])
  expect(await idsOf(bob)).toEqual([room])
  await bob.post(`${rooms}${room}/leave/`)
  expect(await idsOf(bob)).toEqual([])
})
