import { afterAll, beforeAll, expect, test } from 'vitest'
import { FoundMessage } from '../../schemas/search.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

const search = (who: Person, query: Record<string, string>) => who.get(`/api/chat/messages/search/?${new URLSearchParams(query)}`)

async function found(who: Person, q: string): Promise<string[]> {
  const { status, body } = await search(who, { q })
  expect(status).toBe(200)
  return body.results.map((message: FoundMessage) => message.content)
}

test('a message is found as soon as it is sent, newest first, with what matched', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  await alice.say(room, 'The boiler was cleaned')
  await alice.say(room, 'Who does the cleaning?')
  const { body } = await search(bob, { q: 'cleaning', room })
  expect(body).toMatchObject({ count: 2, next: null, previous: null })
  expect(body.results).toMatchObject([
    { content: 'Who does the cleaning?', highlights: [[13, 21]], is_read: false, sender: { id: alice.id } },
    { content: 'The boiler was cleaned', highlights: [[15, 22]] },
  ])
  expect(FoundMessage.parse(body.results[0])).toEqual(body.results[0])
})

test('pages link to their neighbours and keep the question', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const number of [1, 2, 3]) await alice.say(room, `Towel ${number} & more`)
  const { body } = await search(alice, { q: 'towel & more', room, page_size: '2' })
  expect(body).toMatchObject({ count: 3, results: [{ content: 'Towel 3 & more' }, { content: 'Towel 2 & more' }] })
  expect((await alice.get(body.next)).body).toMatchObject({ count: 3, next: null, results: [{ content: 'Towel 1 & more' }] })
  expect((await search(alice, { q: 'towel', page: '2' })).status).toBe(404)
})

test('an edited message is found by its new text, a deleted one not at all', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const { id } = await alice.say(room, 'the plumber comes')
  await alice.patch(`/api/chat/messages/${id}/`, { content: 'el fontanero viene a la habitación' })
  expect([await found(alice, 'plumber'), await found(alice, 'habitacion')]).toEqual([[], ['el fontanero viene a la habitación']])
  await alice.delete(`/api/chat/messages/${id}/`)
  expect([await found(alice, 'fontanero'), await found(alice, 'deleted')]).toEqual([[], []])
})

test('outsiders, former members and the rooms of others find nothing', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const room = await chat.group(alice, bob)
  await alice.say(room, 'the gate code is 4711')
  expect([await found(bob, '4711'), await found(carol, '4711')]).toEqual([['the gate code is 4711'], []])
  expect((await search(carol, { q: '4711', room })).body).toMatchObject({ count: 0, results: [] })
  await bob.post(`/api/chat/rooms/${room}/leave/`)
  expect(await found(bob, '4711')).toEqual([])
  expect((await search(bob, { q: '4711', room })).body.count).toBe(0)
  await alice.delete(`/api/chat/rooms/${room}/`)
  expect(await found(alice, '4711')).toEqual([])
})

test('a question of less than three characters, or none, is refused in the words of the contract', async () => {
  const [alice] = await chat.newPeople('alice')
  const refusal = { status: 400, body: { error: 'Search query must be at least 3 characters' } }
  expect(await alice.get('/api/chat/messages/search/')).toMatchObject(refusal)
  for (const q of ['', 'ab', '  ab  ', '%20 %20']) expect(await search(alice, { q: decodeURIComponent(q) })).toMatchObject(refusal)
})

test.each([
  { asked: 'wildcards', q: '%_%_%', status: 200 },
  { asked: 'a costly pattern', q: '(a+)+$', status: 200 },
  { asked: 'SQL', q: "' or 1=1 --", status: 200 },
  { asked: 'operators', q: 'a & | ! <-> :* b', status: 200 },
  { asked: 'a heap of operators', q: '-'.repeat(200), status: 200 },
  { asked: 'punctuation', q: '?!…', status: 200 },
  { asked: 'more than 200 characters', q: 'a'.repeat(201), status: 400 },
  { asked: '10 kB', q: 'a'.repeat(10_000), status: 400 },
  { asked: 'a NUL', q: 'abc\0def', status: 400 },
])('$asked: answered with $status', async ({ q, status }) => {
  const [alice] = await chat.newPeople('alice')
  await alice.say(await chat.group(alice), 'some text')
  const answer = await search(alice, { q })
  expect(answer.status).toBe(status)
  if (status === 200) expect(answer.body).toMatchObject({ count: 0, results: [] })
})

test('a room that is no room, a missing token and another method are refused', async () => {
  const [alice] = await chat.newPeople('alice')
  expect((await search(alice, { q: 'text', room: 'nowhere' })).status).toBe(400)
  expect((await fetch(`${chat.url}/api/chat/messages/search/?q=text`)).status).toBe(401)
  expect((await alice.post('/api/chat/messages/search/', {})).status).toBe(405)
})
