import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat, testPassword } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { type Attack, attackOn } from './support/attacks.ts'
import { listEndpoints } from './support/endpoints.ts'
import { findStrayFiles, findViolations } from './support/invariants.ts'
import { type Answer, sendAttack } from './support/sending.ts'
import { runs, seed } from './support/values.ts'

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
      const answer = await sendAttack(attack, { url: chat.url, access: attacker.access, known, agent })
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
