import { createHmac, randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { insertUser } from '../../db/queries/users.ts'
import { encodeEvents, roomChannel } from '../../schemas/bus.ts'
import { findViolations } from '../fuzz/support/invariants.ts'
import { Person } from '../support/person.ts'
import { describeWithRedis } from '../support/redis.ts'
import { type RedisServer, redisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

const signingKey = 'a signing key of more than 32 bytes, for tests'
const WRITERS = 500

let chat: Attacked
beforeAll(async () => {
  chat = await startAttacked({ env: { JWT_SIGNING_KEY: signingKey } })
})
afterEach(() => chat.unharmed())
afterAll(() => chat.close())

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Somebody with a token as the old backend would have given it: 500 sign-ins would be 500 password hashes. */
async function stranger(number: number): Promise<Person> {
  const username = `writer-${number}-${randomUUID().slice(0, 8)}`
  const name = { username, firstName: '', lastName: '', email: '' }
  const id = await insertUser(chat.db, { ...name, role: 'staff', isActive: true, isSuperuser: false, passwordHash: '!' })
  if (id === undefined) throw new Error('the name is taken')
  const claims = { token_type: 'access', exp: Math.floor(Date.now() / 1000) + 600, jti: randomUUID(), user_id: String(id) }
  const input = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64(claims)}`
  const person = new Person(chat.url, id, username)
  person.access = `${input}.${createHmac('sha256', signingKey).update(input).digest('base64url')}`
  return person
}

test(`${WRITERS} writers in one room lose nothing and stop nobody else`, { timeout: 120_000 }, async () => {
  const writers = await Promise.all(Array.from({ length: WRITERS }, (_, number) => stranger(number)))
  const [admin, ...others] = writers
  if (!admin) throw new Error('nobody')
  const room = await chat.group(admin, ...others)
  const reader = await admin.connect(room)
  const sends = writers.flatMap((writer) => [1, 2, 3, 4].map((count) => writer.say(room, `message ${count}`)))
  const [messages] = await Promise.all([Promise.all(sends), chat.unharmed()])
  const all = Array.from({ length: messages.length }, (_, index) => index + 1)
  expect(messages.map(({ seq }) => seq).sort((one, other) => one - other)).toEqual(all)
  await until(() => reader.ofType('chat_message').length >= messages.length)
  expect(reader.ofType('chat_message').map(({ seq }) => seq)).toEqual(all)
  expect(await findViolations(chat.db)).toEqual([])
})

test('a flood of one sender is stored in his order, or refused with a time to come back, and felt by nobody else', async () => {
  const flooder = await stranger(WRITERS)
  const room = await chat.group(flooder)
  const socket = await flooder.connect(room)
  const ids = Array.from({ length: 2_000 }, (_, index) => `flood-${index}`)
  for (const client_id of ids) socket.send({ type: 'chat_message', message: client_id, client_id })
  await chat.unharmed()
  await until(() => socket.ofType('ack').length + socket.ofType('error').length >= ids.length)
  for (const { code, retry_after } of socket.ofType('error')) {
    expect(code).toBe('too_many_requests')
    expect(retry_after).toBeGreaterThan(0)
  }
  const taken = socket.ofType('ack').map(({ client_id }) => client_id)
  const stored = await chat.db.execute(sql`select client_id from chat_messages where room_id = ${room} order by seq`)
  expect(stored.map((row) => row.client_id)).toEqual(ids.filter((id) => taken.includes(id)))
})

describeWithRedis('with a Redis', () => {
  let redis: RedisServer
  let withRedis: Attacked
  beforeAll(async () => {
    redis = await redisServer()
    await redis.start()
    withRedis = await startAttacked({ env: { REDIS_URL: redis.url }, relay: { socketsPerUser: 5 } })
  })
  afterEach(() => withRedis.unharmed())
  afterAll(async () => {
    await withRedis.close()
    await redis.close()
  })

  test('what is poisoned on the bus shows nobody anything, and the next message comes in its place', async () => {
    const [mallory, carl] = await withRedis.newPeople('mallory', 'carl')
    const room = await withRedis.group(mallory, carl)
    const socket = await carl.connect(room)
    const bus = redis.admin()
    const channels = (await bus.call('PUBSUB', 'CHANNELS', '*')) as string[]
    const channel = channels.find((name) => name.endsWith(roomChannel(room)))
    if (!channel) throw new Error('nobody is subscribed to the room')
    const control = channels.filter((name) => name.endsWith('control'))
    const forged = (seq: number, frame: string) => encodeEvents([{ seq, effect: undefined, frame }])
    for (const text of [
      'x'.repeat(10 * 1024 * 1024),
      'not json',
      forged(1, 'not json'),
      forged(1_000_000, '{"type":"chat_message","forged":true}'),
      forged(Number.MAX_SAFE_INTEGER, '{"type":"pong"}'),
      `2\tremoved -1\t{"type":"pong"}`,
      '\t\t\t\n\n\n',
      '{"__proto__":{"kind":"session"}}',
    ])
      for (const each of [channel, ...control]) await bus.publish(each, text)
    for (let seq = 1; seq <= 3; seq++) await mallory.say(room, `message ${seq}`)
    await socket.next('chat_message', ({ seq }) => seq === 3)
    expect(socket.ofType('chat_message').map(({ message }) => message.content)).toEqual(['message 1', 'message 2', 'message 3'])
  })

  test('limits and removals hold while Redis is gone', { timeout: 60_000 }, async () => {
    const [admin, removed, mallory] = await withRedis.newPeople('admin', 'removed', 'mallory')
    const room = await withRedis.group(admin, removed)
    const [narrow, session] = await Promise.all([removed.connect(room), mallory.connect()])
    await redis.kill()
    const { body } = await admin.get(`/api/chat/participants/?room=${room}&user=${removed.id}`)
    const start = performance.now()
    await admin.delete(`/api/chat/participants/${body.results[0].id}/`)
    expect((await mallory.post('/api/token/revoke/', { refresh: mallory.refresh })).status).toBe(200)
    expect(await Promise.all([narrow.closed, session.closed])).toEqual([4403, 4401])
    expect(performance.now() - start).toBeLessThan(2_500)
    const refusals = await Promise.all(Array.from({ length: 9 }, () => admin.open().refused))
    expect(refusals.filter((status) => status === 429)).toHaveLength(4)
    admin.disconnectAll()
    const guess = () => removed.request('POST', '/api/token/', { username: removed.username, password: 'wrong' })
    for (let count = 0; count < 10; count++) expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(429)
    await withRedis.unharmed()
    await redis.start()
  })
})
