import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findViolations } from '../fuzz/support/invariants.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import type { TestSocket } from '../support/socket.ts'

const CLIENTS = 30
const MESSAGES_EACH = 100
const ALL = CLIENTS * MESSAGES_EACH
/** 10 000 for the long run. */
const ROUNDS = Number(process.env.ROUNDS ?? 500)

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function sendByRest(person: Person, room: string, name: string): Promise<void> {
  for (let count = 0; count < MESSAGES_EACH; count++) await person.say(room, `${name}: ${count}`)
}

async function sendBySocket(socket: TestSocket, name: string): Promise<void> {
  const last = `${name}: ${MESSAGES_EACH - 1}`
  const acknowledged = socket.next('ack', (frame) => frame.client_id === last)
  for (let count = 0; count < MESSAGES_EACH; count++) {
    const text = `${name}: ${count}`
    socket.send({ type: 'chat_message', message: text, client_id: text })
  }
  await acknowledged
}

test(`${CLIENTS} clients that send ${MESSAGES_EACH} messages each at once, half by REST and half by socket, all see one order`, {
  timeout: 120_000,
}, async () => {
  const people = await chat.newPeople(...Array.from({ length: CLIENTS }, (_, index) => `client${index}`))
  const [admin, ...others] = people
  if (!admin) throw new Error('nobody')
  const room = await chat.group(admin, ...others)
  const sockets = await Promise.all(people.map((person) => person.connect(room)))
  await Promise.all(
    people.map((person, index) => {
      const socket = sockets[index]
      return index % 2 === 0 && socket ? sendBySocket(socket, `socket ${index}`) : sendByRest(person, room, `rest ${index}`)
    }),
  )
  const seen = await Promise.all(sockets.map(allMessages))
  const [first] = seen
  expect(first?.map(({ seq }) => seq)).toEqual(Array.from({ length: ALL }, (_, index) => index + 1))
  expect(new Set(first?.map(({ id }) => id)).size).toBe(ALL)
  expect(new Set(first?.map(({ content }) => content)).size).toBe(ALL)
  for (const order of seen) expect(order).toEqual(first)
  expectOwnOrder(first ?? [])
  const stored = await chat.db.execute(sql`select id, seq::int, content from chat_messages where room_id = ${room} order by seq`)
  expect([...stored]).toEqual(first)
  expect(await findViolations(chat.db)).toEqual([])
})

type Seen = { id: string; seq: number; content: string }

/** What this socket got, in the order of its getting; waits until the last one is there and nothing comes after it. */
async function allMessages(socket: TestSocket): Promise<Seen[]> {
  if (!socket.ofType('chat_message').some(({ seq }) => seq >= ALL)) await socket.next('chat_message', ({ seq }) => seq === ALL)
  await socket.settled()
  return socket.ofType('chat_message').map(({ seq, message: { id, content } }) => ({ id, seq, content }))
}

/** Each sender's messages stand in the order in which he sent them. */
function expectOwnOrder(order: Seen[]): void {
  const next = new Map<string, number>()
  for (const { content } of order) {
    const [name = '', number] = content.split(': ')
    expect(Number(number)).toBe(next.get(name) ?? 0)
    next.set(name, Number(number) + 1)
  }
}

test(`in ${ROUNDS} rounds of sending and being removed at once, nothing is stored above the removal`, {
  timeout: 60_000 + ROUNDS * 200,
}, async () => {
  const [admin, removed] = await chat.newPeople('admin', 'removed')
  const room = await chat.group(admin, removed)
  const socket = await removed.connect()
  let taken = 0
  let refused = 0
  for (let round = 0; round < ROUNDS; round++) {
    const place = await placeOf(admin, room, removed.id)
    const remove = () => admin.delete(`/api/chat/participants/${place}/`)
    const send = () =>
      untilRefused((count) => (round % 2 === 0 ? sendTwice(removed, room) : sendTwiceBySocket(socket, room, `${round} ${count}`)))
    // Who begins makes a difference of a turn of the loop: both do, by turns.
    const both = round % 4 < 2 ? [remove(), send()] : [send(), remove()]
    const outcomes = await Promise.all(both)
    for (const outcome of outcomes) {
      if (!Array.isArray(outcome)) expect(outcome.status).toBe(204)
      else for (const stored of outcome) stored ? taken++ : refused++
    }
    const back = socket.next('participant_added', (frame) => frame.room_id === room)
    expect((await admin.post('/api/chat/participants/', { room, user: removed.id })).status).toBe(201)
    await back
  }
  expect(taken, 'every message came too late: nothing was tried').toBeGreaterThan(0)
  expect(refused, 'no message came too late: nothing was tried').toBeGreaterThan(0)
  const late = await chat.db.execute(sql`
    select message.seq, removal.seq as removed_at
    from chat_messages as message
    join lateral (
      select seq, kind from chat_events
      where room_id = message.room_id and seq < message.seq and kind in ('participant_removed', 'participant_added')
      order by seq desc limit 1
    ) as removal on removal.kind = 'participant_removed'
    where message.room_id = ${room} and message.sender_id = ${removed.id}`)
  expect([...late]).toEqual([])
  const [stored] = await chat.db.execute(sql`select count(*)::int as count from chat_messages where room_id = ${room}`)
  expect(stored?.count).toBe(taken)
  expect(await findViolations(chat.db)).toEqual([])
})

async function placeOf(admin: Person, room: string, userId: number): Promise<number> {
  const { body } = await admin.get(`/api/chat/participants/?room=${room}&user=${userId}`)
  return body.results[0].id
}

/** Sends on, so that one falls on the removal, however long that takes. Whether each was stored. */
async function untilRefused(send: (count: number) => Promise<boolean[]>): Promise<boolean[]> {
  const outcomes: boolean[] = []
  for (let count = 0; !outcomes.includes(false); count++) outcomes.push(...(await send(count)))
  return outcomes
}

/** Whether each was stored. */
async function sendTwice(person: Person, room: string): Promise<boolean[]> {
  const answers = await Promise.all(['one', 'two'].map((content) => person.post('/api/chat/messages/', { room, content })))
  for (const { status, body } of answers) {
    if (status !== 201) expect({ status, body }).toEqual({ status: 400, body: { room: ['You are not a participant in this room'] } })
  }
  return answers.map(({ status }) => status === 201)
}

async function sendTwiceBySocket(socket: TestSocket, room: string, name: string): Promise<boolean[]> {
  const ids = [`${name}-one`, `${name}-two`]
  const outcomes = ids.map(async (client_id) => {
    const stored = socket.next('ack', (frame) => frame.client_id === client_id).then(() => true)
    const refused = socket.next('error', (frame) => frame.client_id === client_id).then(() => false)
    return Promise.race([stored, refused])
  })
  for (const client_id of ids) socket.send({ type: 'chat_message', room_id: room, message: 'text', client_id })
  return Promise.all(outcomes)
}
