import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { usualLimits } from '../support/limits.ts'
import { Person } from '../support/person.ts'
import { describeWithRedis } from '../support/redis.ts'
import { type RedisServer, redisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

const limits = { RATE_LIMIT_REQUESTS: '100', RATE_LIMIT_SENDS: '10', RATE_LIMIT_COMMANDS: '40' }
const texts = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`)

/** What is stored of a room, in its order. */
async function stored(chat: Pick<TestChat, 'db'>, room: string): Promise<unknown[]> {
  return (await chat.db.execute(sql`select content from chat_messages where room_id = ${room} order by seq`)).map((row) => row.content)
}

/** Sends by REST as fast as it goes. Gives the texts that were taken, and the seconds that the others were told to wait. */
async function flood(person: Person, room: string, count: number): Promise<{ taken: string[]; waits: number[] }> {
  const answers = await Promise.all(
    texts(count).map(async (content) => ({ content, ...(await person.post('/api/chat/messages/', { room, content })) })),
  )
  const refused = answers.filter(({ status }) => status !== 201)
  for (const { status, body, headers } of refused) {
    const seconds = headers.get('retry-after')
    const detail = `Request was throttled. Expected available in ${seconds} ${seconds === '1' ? 'second' : 'seconds'}.`
    expect({ status, body }).toEqual({ status: 429, body: { detail } })
  }
  return {
    taken: answers.filter(({ status }) => status === 201).map(({ content }) => content),
    waits: refused.map(({ headers }) => Number(headers.get('retry-after'))),
  }
}

describe('with limits', () => {
  let chat: Attacked
  beforeAll(async () => {
    chat = await startAttacked({ env: limits })
  })
  afterEach(() => chat.unharmed())
  afterAll(() => chat.close())

  test('a flood of messages by REST is refused with the time to wait; nothing of what was refused is stored, and another user sends on', async () => {
    const [mallory, bob] = await chat.newPeople('mallory', 'bob')
    const room = await chat.group(mallory, bob)
    const { taken, waits } = await flood(mallory, room, 50)
    // Ten more where the next ten seconds have begun meanwhile.
    expect(taken.length).toBeGreaterThanOrEqual(10)
    expect(taken.length).toBeLessThanOrEqual(20)
    for (const seconds of waits) expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).toContain(seconds)
    expect((await stored(chat, room)).sort()).toEqual(taken.sort())
    expect((await bob.post('/api/chat/messages/', { room, content: 'calm' })).status).toBe(201)
  })

  test('a flood of requests is refused, and another user is answered', async () => {
    const [mallory, bob] = await chat.newPeople('mallory', 'bob')
    const statuses = await Promise.all(texts(250).map(async () => (await mallory.get('/api/chat/rooms/')).status))
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(200)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect((await bob.get('/api/chat/rooms/')).status).toBe(200)
  })

  test('a flood on a socket is answered by error frames with a delay, then closed with 4429; nothing of what was refused is stored', async () => {
    const [mallory, bob] = await chat.newPeople('mallory', 'bob')
    const room = await chat.group(mallory, bob)
    const [flooding, calm] = await Promise.all([mallory.connect(room), bob.connect(room)])
    for (const text of texts(60)) flooding.send({ type: 'chat_message', message: text, client_id: text })
    expect(await flooding.closed).toBe(4429)
    const errors = flooding.ofType('error')
    expect(errors.length).toBeGreaterThanOrEqual(20)
    for (const { code, retry_after, client_id } of errors) {
      expect({ code, retry_after }).toEqual({
        code: 'too_many_requests',
        retry_after: expect.toSatisfy((seconds) => [1, 2].includes(seconds)),
      })
      expect(texts(60)).toContain(client_id)
    }
    calm.send({ type: 'chat_message', message: 'calm', client_id: 'calm' })
    await calm.next('ack')
    const kept = await stored(chat, room)
    const taken = calm.ofType('chat_message').map(({ message }) => message.content)
    expect(kept).toEqual(taken)
    expect(kept.slice(0, 6)).toEqual([...texts(5), kept.length === 6 ? 'calm' : expect.anything()])
    for (const { client_id } of errors) expect(kept).not.toContain(client_id)
  })

  test('whoever is refused on one socket still sends on another', async () => {
    const [mallory] = await chat.newPeople('mallory')
    const room = await chat.group(mallory)
    const [wild, calm] = await Promise.all([mallory.connect(room), mallory.connect(room)])
    for (const text of texts(10)) wild.send({ type: 'chat_message', message: text, client_id: text })
    await wild.next('error')
    calm.send({ type: 'chat_message', message: 'from elsewhere', client_id: 'elsewhere' })
    expect((await calm.next('ack')).client_id).toBe('elsewhere')
  })
})

test('whoever has no good token is counted by his address, and those who have one are not touched', async () => {
  const chat = await startChat({ env: { RATE_LIMIT_ADDRESS: '60' } })
  const [alice] = await chat.newPeople('alice')
  const [nobody, forger] = [new Person(chat.url, 0, 'nobody'), new Person(chat.url, 0, 'forger')]
  forger.access = 'forged'
  const asked = [
    () => nobody.get('/api/chat/rooms/'),
    () => forger.get('/api/chat/rooms/'),
    () => nobody.post('/api/token/verify/', { token: 'forged' }),
  ]
  const answers = await Promise.all(asked.flatMap((ask) => texts(130).map(ask)))
  for (const { status, headers } of answers) {
    expect([401, 429]).toContain(status)
    if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  // Sixty are let through, and sixty more where the next ten seconds have begun meanwhile.
  expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(120)
  expect((await alice.get('/api/chat/rooms/')).status).toBe(200)
  expect((await nobody.get('/healthz')).status).toBe(200)
  await chat.close()
})

test('somebody in a hurry never meets the usual limits', async () => {
  const chat = await startChat({ env: usualLimits })
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [socket, reading] = await Promise.all([alice.connect(room), bob.connect(room)])
  for (const text of texts(25)) {
    for (let key = 0; key < 4; key += 1) socket.send({ type: 'typing', is_typing: true })
    socket.send({ type: 'chat_message', message: text, client_id: text })
    const { message } = await reading.next('chat_message', (frame) => (frame.message as { content: string }).content === text)
    reading.send({ type: 'read_receipt', message_id: message.id })
    await socket.next('read_receipt')
    expect((await alice.get(`/api/chat/messages/${message.id}/`)).status).toBe(200)
    expect((await bob.post('/api/chat/messages/', { room, content: `an answer to ${text}` })).status).toBe(201)
  }
  await Promise.all([socket.settled(), reading.settled()])
  expect([socket, reading].flatMap((one) => one.ofType('error'))).toEqual([])
  await chat.close()
})

describeWithRedis('with a Redis', () => {
  let redis: RedisServer
  let one: TestChat
  let other: TestChat
  beforeAll(async () => {
    redis = await redisServer()
    await redis.start()
    const env = {
      ...limits,
      RATE_LIMIT_SENDS: '40',
      REDIS_URL: redis.url,
      JWT_SIGNING_KEY: 'a signing key of more than 32 bytes, for tests',
    }
    one = await startChat({ env })
    other = await startChat({ env: { ...env, DATABASE_URL: one.databaseUrl } })
  })
  afterAll(async () => {
    await other.close()
    await one.close()
    await redis.close()
  })

  test('two servers share a count', async () => {
    const [mallory] = await one.newPeople('mallory')
    const room = await one.group(mallory)
    const elsewhere = new Person(other.url, mallory.id, mallory.username)
    elsewhere.access = mallory.access
    let sent = 0
    await until(async () => {
      await flood(mallory, room, 41)
      sent += 1
      return (await elsewhere.post('/api/chat/messages/', { room, content: 'elsewhere' })).status === 429
    })
    // It was not refused for what it had itself been asked.
    expect(sent).toBeLessThan(40)
  })

  test('limits hold while Redis is gone, and no request waits for it', async () => {
    const [mallory, bob] = await one.newPeople('mallory', 'bob')
    const room = await one.group(mallory, bob)
    await redis.kill()
    const { taken, waits } = await flood(mallory, room, 90)
    expect(taken.length).toBeLessThanOrEqual(80)
    expect(waits.length).toBeGreaterThanOrEqual(10)
    expect((await stored(one, room)).sort()).toEqual(taken.sort())
    const socket = await mallory.connect(room)
    for (const text of texts(60)) socket.send({ type: 'chat_message', message: text, client_id: text })
    expect(await socket.closed).toBe(4429)
    expect((await bob.post('/api/chat/messages/', { room, content: 'calm' })).status).toBe(201)
    await redis.start()
  })
})
