import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat, testPassword } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { png } from '../support/sample-files.ts'
import { type Endpoint, listEndpoints } from './support/endpoints.ts'
import { findStrayFiles, findViolations } from './support/invariants.ts'
import { idOf, knownId, oddJson, oddText, oddValue, resolve, runs, seed } from './support/values.ts'

let chat: TestChat
let attacker: Person
let victims: [Person, Person]
let friends: [Person, Person]
let victimRoom: string
const secret = `only-for-two-${randomUUID()}`
const known: Record<string, (string | number)[]> = {}
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

beforeAll(async () => {
  chat = await startChat()
  const [alice, bob, mallory, carl, dora] = await chat.newPeople('alice', 'bob', 'mallory', 'carl', 'dora')
  attacker = mallory
  victims = [alice, bob]
  friends = [carl, dora]
  victimRoom = await chat.group(alice, bob)
  const said = await alice.say(victimRoom, secret)
  Object.assign(known, { foreignRoom: [victimRoom], foreignMessage: [said.id], user: [alice.id, bob.id, mallory.id, carl.id, dora.id] })
  Object.assign(known, { room: [], message: [], participant: [], foreignParticipant: await participantsOf(alice, victimRoom) })
  Object.assign(known, { task: [await chat.task('a task')], property: [await chat.property('a property')] })
  for (let count = 0; count < 3; count++) {
    await learnRoom(await chat.group(mallory, carl, dora))
    await learnRoom(await chat.group(carl, mallory, dora))
  }
})
afterAll(async () => {
  agent.destroy()
  await chat.close()
})

async function participantsOf(person: Person, room: string): Promise<number[]> {
  const { body } = await person.get(`/api/chat/participants/?room=${room}`)
  return body.results.map((participant: { id: number }) => participant.id)
}

async function learnRoom(room: string): Promise<void> {
  known.room?.push(room)
  known.participant?.push(...(await participantsOf(attacker, room)))
  known.message?.push((await attacker.say(room, 'something to find')).id)
}

type Attack = {
  endpoint: Endpoint
  ids: string[]
  query: [string, string][]
  body: { kind: 'none' | 'json' | 'form' | 'multipart' | 'raw'; fields: [string, unknown][]; text: string; contentType: string }
  headers: Record<string, string>
  signedIn: boolean
}

/** Path segments as they go over the wire. */
const rawSegments = [
  '%00',
  '%ED%A0%80',
  '%',
  '%zz',
  '%2e%2e',
  '..%2f..%2f',
  '%2F',
  '%5C',
  'a%0d%0ab',
  '~',
  '*',
  '0',
  '-1',
  '1.5',
  '1e3',
  '9007199254740993',
  '9223372036854775808',
  '99999999999999999999',
  '2147483647',
  '2147483648',
]
const encode = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).slice(0, 4_000)

const pathId = (path: string) =>
  fc.oneof(
    { weight: 6, arbitrary: idOf(path.includes('rooms') ? 'room' : path.includes('messages') ? 'message' : 'participant') },
    { weight: 2, arbitrary: knownId },
    { weight: 2, arbitrary: fc.constantFrom(...rawSegments) },
    { weight: 1, arbitrary: oddText.map(encode) },
  )

/** Values that are taken, so that requests come further than to the first refusal. */
const goodValues: Record<string, fc.Arbitrary<unknown>> = {
  room: idOf('room'),
  user: idOf('user'),
  sender: idOf('user'),
  content: fc.constantFrom('hello', 'another text', 'x'.repeat(10_000)),
  reply_to: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, idOf('message')),
  room_type: fc.constantFrom('direct', 'group', 'task', 'property'),
  message_type: fc.constantFrom('text', 'text', 'image', 'file', 'system'),
  participant_ids: fc.array(idOf('user'), { maxLength: 2 }),
  task: fc.oneof(fc.constant(null), idOf('task')),
  property: fc.oneof(fc.constant(null), idOf('property')),
  is_admin: fc.boolean(),
  muted: fc.boolean(),
  muted_until: fc.constantFrom(
    '2030-01-01T00:00:00Z',
    '2030-01-01T00:00:00.123456+02:00',
    '0000-01-01T00:00:00Z',
    '2030-01-01T00:00:00+23:59',
    '9999-12-31T23:59:59-23:59',
  ),
  client_id: fc.nat(2_000).map((number) => `client-${number}`),
  name: fc.constantFrom('a name', ''),
  page: fc.constantFrom('1', '2', 'last', '1000000000000000'),
  page_size: fc.constantFrom('1', '100', '1000'),
  search: fc.constantFrom('some', '%_%', 'thing'),
  q: fc.constantFrom('something', 'find', '"some thing" -x', '%_%_%'),
}
/** What nobody may set, in every body. */
const notTheirs = [
  'id',
  'seq',
  'sender',
  'created_at',
  'is_deleted',
  'read_by',
  'created_by',
  'last_seq',
  'left_at',
  'is_superuser',
  'participants',
  '__proto__',
  'constructor',
]

const goodFor = (name: string) => (Object.hasOwn(goodValues, name) ? goodValues[name] : undefined)

/** `oddity` in ten values are odd, and all those that nobody could guess. */
function fieldOf(name: string, oddity: number): fc.Arbitrary<[string, unknown]> {
  const good = goodFor(name) ?? oddValue
  const value = fc.oneof({ weight: 10 - oddity, arbitrary: good }, { weight: oddity, arbitrary: oddValue })
  return value.map((chosen): [string, unknown] => [name, chosen])
}

/** Every second time what is asked for, with an oddity here and there; else anything. */
function fieldsFrom(names: readonly string[]): fc.Arbitrary<[string, unknown][]> {
  const sensible = fc.tuple(...names.filter(goodFor).map((name) => fieldOf(name, 1)))
  const wild = fc.shuffledSubarray([...names]).chain((some) => fc.tuple(...some.map((name) => fieldOf(name, 6))))
  const foreign = fc.array(
    fc.constantFrom(...notTheirs).chain((name) => fieldOf(name, 5)),
    { maxLength: 3 },
  )
  const own = fc.oneof(
    sensible,
    fc.subarray(names.filter(goodFor)).chain((some) => fc.tuple(...some.map((name) => fieldOf(name, 1)))),
    wild,
  )
  return fc.tuple(own, fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, foreign)).map(([some, others]) => [...some, ...others])
}

const contentTypes = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'application/x-www-form-urlencoded',
  'application/json, text/html',
  'garbage',
  '',
  'application/merge-patch+json',
  'multipart/form-data; boundary=x',
]

const oddHeaders = fc.dictionary(
  fc.constantFrom(
    'accept',
    'range',
    'if-range',
    'if-none-match',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'forwarded',
    'host',
    'accept-encoding',
    'x-http-method-override',
    'cookie',
    'expect-ct',
    'content-encoding',
  ),
  fc.oneof(
    fc.constantFrom(
      'bytes=0-',
      'bytes=-1',
      'bytes=0-0,1-1',
      'bytes=9007199254740993-',
      '*',
      '127.0.0.1, ::1',
      'https',
      'evil.example.com',
      'a b',
      '[::',
      '%',
      'gzip',
      'DELETE',
      '',
      '"',
      'evil.example.com:99999',
    ),
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
  ),
  { maxKeys: 3 },
)

const body = (names: readonly string[]) =>
  fc.record({
    kind: fc.oneof(
      { weight: 9, arbitrary: fc.constant('json' as const) },
      { weight: 4, arbitrary: fc.constantFrom('none' as const, 'form' as const, 'multipart' as const, 'raw' as const) },
    ),
    fields: fieldsFrom(names),
    text: fc.oneof(oddJson, oddText),
    contentType: fc.constantFrom(...contentTypes),
  })

function attackOn(endpoint: Endpoint): fc.Arbitrary<Attack> {
  return fc.record({
    endpoint: fc.constant(endpoint),
    ids: fc.tuple(
      ...endpoint.path
        .split('{')
        .slice(1)
        .map(() => pathId(endpoint.path)),
    ),
    query: fieldsFrom(endpoint.query.length > 0 ? endpoint.query : ['page', 'room', 'x']).map((fields) =>
      fields.map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
    body: body(endpoint.body),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, oddHeaders),
    signedIn: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  })
}

const boundary = 'the-boundary-of-the-test'

function encodeBody({ kind, fields, text, contentType }: Attack['body']): { type?: string; content?: string | Buffer } {
  const texts = fields.map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(resolve(value, known)),
  ])
  switch (kind) {
    case 'none':
      return {}
    case 'json':
      return { type: 'application/json', content: JSON.stringify(Object.fromEntries(fields)) }
    case 'form':
      return { type: 'application/x-www-form-urlencoded', content: texts.map((pair) => pair.map(encode).join('=')).join('&') }
    case 'multipart': {
      const parts = texts.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      const file = Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\n`),
        png,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ])
      return { type: `multipart/form-data; boundary=${boundary}`, content: Buffer.concat([Buffer.from(parts.join('')), file]) }
    }
    case 'raw':
      return { type: contentType, content: text }
  }
}

type Answer = { path: string; status: number; text: string; headers: NodeJS.Dict<string | string[]> }

function send(attack: Attack): Promise<Answer> {
  const { endpoint, signedIn } = attack
  const ids = [...attack.ids]
  const path = endpoint.path.replace(/\{\w+\}/g, () => String(resolve(ids.shift() ?? '0', known)))
  const query = attack.query.map(([name, value]) => `${encode(name)}=${encode(String(resolve(value, known)))}`).join('&')
  const fields = attack.body.fields.map(([name, value]): [string, unknown] => [name, resolve(value, known)])
  const { type, content } = encodeBody({ ...attack.body, fields })
  const length = content === undefined ? {} : { 'content-length': Buffer.byteLength(content) }
  const headers = { ...attack.headers, ...(type === undefined ? {} : { 'content-type': type }), ...length }
  const authorization = signedIn ? { authorization: `Bearer ${attacker.access}` } : {}
  const options = { agent, method: endpoint.method, headers: { ...headers, ...authorization } }
  return new Promise((settle, reject) => {
    const asked = httpRequest(`${chat.url}${path}${query ? `?${query}` : ''}`, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        settle({ path, status: response.statusCode ?? 0, text: String(Buffer.concat(chunks)), headers: response.headers }),
      )
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(content)
  })
}

/** What an attack made is attacked next; what it ended makes place for others, but for a few. */
async function learn({ endpoint }: Attack, { path, status, text }: Answer): Promise<void> {
  const hasEnded = status < 300 && /rooms\/.*leave|DELETE .*rooms|DELETE .*participants/.test(`${endpoint.method} ${path}`)
  if (hasEnded) {
    known.room?.shift()
    known.message?.shift()
    await learnRoom(await chat.group(attacker, ...friends))
  }
  if (status !== 201) return
  const { id } = JSON.parse(text)
  if (endpoint.path === '/api/chat/rooms/') known.room?.push(id)
  if (endpoint.path === '/api/chat/messages/') known.message?.push(id)
  if (endpoint.path === '/api/chat/participants/') known.participant?.push(id)
}

const leaks = /node_modules|\.ts:\d+|\bat \S+ \(|Failed query|\bselect .{0,400}\bfrom\b|\binsert into\b|PostgresError|eyJ[\w-]{10,}\.eyJ/i

function check({ endpoint, signedIn }: Attack, { status, text, headers }: Answer): void {
  expect(status, text.slice(0, 500)).toBeGreaterThanOrEqual(200)
  expect(status, text.slice(0, 500)).toBeLessThan(500)
  expect(text).not.toContain(secret)
  if (endpoint.path.startsWith('/api/docs')) return
  // A new pair is asked for with a password or a refresh token, and is the answer.
  if (!(endpoint.path.startsWith('/api/token/') && status === 200)) expect(text).not.toMatch(leaks)
  // An id of two dots leads out of the API, to the page.
  if (text.startsWith('<!doctype html') && status === 200) return
  if (signedIn && status < 300 && endpoint.path.startsWith('/api/chat/') && !endpoint.path.includes('attachments'))
    expect(headers['cache-control']).toBe('private, no-store')
  if (text !== '') expect(() => JSON.parse(text)).not.toThrow()
}

test(`${runs} requests over every parameter of every endpoint see no 5xx and store nothing that may not be`, {
  timeout: 240_000,
}, async () => {
  const endpoints = listEndpoints((await attacker.get('/api/schema/')).body)
  const statuses = new Map<number, number>()
  const touched = new Set<string>()
  const attacks = fc.constantFrom(...endpoints).chain(attackOn)
  let sent = 0
  await fc.assert(
    fc.asyncProperty(attacks, async (attack) => {
      if (++sent % 100 === 0) await learnRoom(await chat.group(attacker, ...friends))
      const answer = await send(attack)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      if (answer.status < 300) touched.add(`${attack.endpoint.method} ${attack.endpoint.path}`)
      check(attack, answer)
      await learn(attack, answer)
    }),
    { seed, numRuns: runs, interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true },
  )
  expect(statuses.get(200), 'requests that were refused show little').toBeGreaterThan(runs / 50)
  expect(statuses.get(201)).toBeGreaterThan(runs / 500)
  const names = endpoints.filter(({ isTold }) => isTold).map(({ method, path }) => `${method} ${path}`)
  expect(
    names.filter((name) => !touched.has(name) && !needsMore.has(name)),
    'never came further than a refusal',
  ).toEqual([])
  await expectUnharmed()
})

/** Done by nobody who guesses: a password, a token of one's own, a signed link. */
const needsMore = new Set([
  'POST /api/token/',
  'POST /api/token/refresh/',
  'POST /api/token/verify/',
  'POST /api/token/revoke/',
  'GET /api/chat/attachments/{id}/',
  'HEAD /api/chat/attachments/{id}/',
])

async function expectUnharmed(): Promise<void> {
  const [alice, bob] = victims
  expect((await alice.get('/healthz')).body).toEqual({ status: 'alive' })
  const socket = await bob.connect(victimRoom)
  const said = await alice.say(victimRoom, 'still here')
  expect(await socket.next('chat_message')).toMatchObject({ seq: 2, message: { id: said.id } })
  expect(await findViolations(chat.db)).toEqual([])
  expect(await findStrayFiles(chat.db, chat.dataDir)).toEqual([])
  const inVictimRoom = await chat.db.execute(sql`
    select user_id from chat_participants where room_id = ${victimRoom} and left_at is null order by user_id`)
  expect(new Set(inVictimRoom.map((row) => row.user_id))).toEqual(new Set([alice.id, bob.id]))
  const names = await chat.db.execute(
    sql`select name from chat_rooms where char_length(name) > 255 or name ~ '[\u202a-\u202e\u2066-\u2069]'`,
  )
  expect([...names]).toEqual([])
  await alice.signIn(testPassword)
}
