import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { largestFrame } from '../../schemas/socket.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import type { TestSocket } from '../support/socket.ts'
import { findViolations } from './support/invariants.ts'
import { idOf, knownId, oddJson, oddText, oddValue, resolve, runs, seed } from './support/values.ts'

let chat: TestChat
let victims: [Person, Person]
let victimRoom: string
let attacker: Person
/** How the attacker may be connected, and how he is now. */
let doors: { room: string | undefined; who: Person; socket: TestSocket }[]
const known: Record<string, (string | number)[]> = {}

beforeAll(async () => {
  chat = await startChat()
  const [alice, bob, mallory, carl] = await chat.newPeople('alice', 'bob', 'mallory', 'carl')
  attacker = mallory
  victims = [alice, bob]
  victimRoom = await chat.group(alice, bob)
  const rooms = [await chat.group(mallory, carl), await chat.group(carl, mallory)]
  const messages = await Promise.all(rooms.map(async (room) => (await mallory.say(room, 'first')).id))
  const said = await alice.say(victimRoom, 'only for two')
  Object.assign(known, { room: rooms, message: messages, foreignRoom: [victimRoom], foreignMessage: [said.id] })
  Object.assign(known, { user: [alice.id, bob.id, mallory.id], participant: [1], foreignParticipant: [2] })
  const connect = async (room: string | undefined, who: Person) => ({ room, who, socket: await who.connect(room) })
  doors = await Promise.all([
    connect(rooms[0], mallory),
    connect(undefined, mallory),
    connect(rooms[1], mallory),
    connect(undefined, carl),
    connect(rooms[1], carl),
  ])
})
afterAll(() => chat.close())

type Shape = Record<string, fc.Arbitrary<unknown>>

const room_id = fc.oneof({ weight: 6, arbitrary: idOf('room') }, { weight: 2, arbitrary: idOf('foreignRoom') }, oddValue)
const message_id = fc.oneof({ weight: 5, arbitrary: idOf('message') }, { weight: 2, arbitrary: idOf('foreignMessage') }, oddValue)
const client_id = fc.oneof(
  { weight: 4, arbitrary: fc.nat(1_000).map((number) => `c${number}`) },
  { weight: 2, arbitrary: oddText },
  oddValue,
)
/** Mostly places where nothing is to be replayed: each replay is hundreds of frames. */
const since = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<unknown>(5_001, 1e6, 9_007_199_254_740_991, 2 ** 53, -1, -0.5, 1e3, '5', null) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(0, -0) },
)
const places = fc.array(fc.tuple(fc.oneof({ weight: 5, arbitrary: knownId }, oddText), since), { maxLength: 3 }).map(Object.fromEntries)

const shapes: Record<string, Shape> = {
  chat_message: {
    message: fc.oneof({ weight: 3, arbitrary: fc.constant('hello') }, { weight: 3, arbitrary: oddText }, oddValue),
    reply_to: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, message_id, oddValue),
    client_id,
    room_id,
  },
  typing: { is_typing: fc.oneof(fc.boolean(), oddValue), room_id },
  read_receipt: { message_id, room_id },
  mark_room_read: { room_id },
  resume: { rooms: fc.oneof(places, oddValue), epoch: fc.oneof(fc.constantFrom<unknown>(0, 1, 2), oddValue) },
  refresh_token: { token: fc.oneof(oddText, fc.constantFrom('eyJhbGciOiJub25lIn0.e30.', 'x'.repeat(60_000)), oddValue) },
  ping: {},
}
/** What a client may not say for the service. */
const notTheirs = [
  'sender',
  'user_id',
  'seq',
  'id',
  'created_at',
  'message_type',
  'is_deleted',
  'connection_id',
  '__proto__',
  'constructor',
]

const foreignFields = fc.array(fc.tuple(fc.constantFrom(...notTheirs), oddValue), { maxLength: 3 })

function commandOf(type: string, shape: Shape): fc.Arbitrary<unknown> {
  const some = fc.subarray(Object.entries(shape)).chain((chosen) => fc.record(Object.fromEntries(chosen)))
  const whole = fc.oneof({ weight: 3, arbitrary: fc.record(shape) }, some)
  return fc.tuple(whole, foreignFields).map(([fields, foreign]) => ({ ...Object.fromEntries(foreign), ...fields, type }))
}

const commands = fc.oneof(...Object.entries(shapes).map(([type, shape]) => commandOf(type, shape)))
const serverFrames = fc
  .tuple(
    fc.constantFrom('connection_established', 'message_updated', 'participant_removed', 'room_updated', 'ack', 'error', 'resync', 'pong'),
    room_id,
  )
  .map(([type, room]) => ({ type, room_id: room, seq: 1, user_id: 1, message: { content: 'forged' } }))

type Attack = { door: number; frame: { said: unknown } | { text: string } }

const attacks: fc.Arbitrary<Attack> = fc.record({
  door: fc.nat(4),
  frame: fc.oneof(
    { weight: 12, arbitrary: commands.map((said) => ({ said })) },
    { weight: 1, arbitrary: serverFrames.map((said) => ({ said })) },
    { weight: 2, arbitrary: oddValue.map((said) => ({ said })) },
    { weight: 2, arbitrary: fc.oneof(oddJson, oddText).map((text) => ({ text })) },
    { weight: 1, arbitrary: oddText.map((type) => ({ said: { type } })) },
  ),
})

let asked = 0

/** Says it, and waits until the socket answers what was said after it (what no attack says), or is closed. */
async function say(door: (typeof doors)[number], text: string): Promise<number | undefined> {
  door.socket.send(text)
  const name = `asked-${++asked}`
  const answered = door.socket.next('error', (frame) => frame.client_id === name).then(() => undefined)
  door.socket.send({ type: 'typing', is_typing: 'perhaps', client_id: name })
  return Promise.race([answered, door.socket.closed])
}

test(`${runs} frames change nothing that they may not, and close no socket unless they are too large`, { timeout: 240_000 }, async () => {
  let closed = 0
  await fc.assert(
    fc.asyncProperty(attacks, async ({ door: number, frame }) => {
      const door = doors[number]
      if (!door) throw new Error('no such door')
      const text = 'text' in frame ? frame.text : JSON.stringify(resolve(frame.said, known) ?? null)
      const code = await say(door, text)
      const isTooLarge = Buffer.byteLength(text) > largestFrame
      expect(code).toBe(isTooLarge ? 1009 : undefined)
      const internal = door.socket.frames.filter((one) => one.type === 'error' && one.code === 'internal')
      expect(internal).toEqual([])
      if (!isTooLarge) return
      closed++
      door.socket = await door.who.connect(door.room)
    }),
    { seed: seed + 1, numRuns: runs, interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true },
  )
  expect(closed).toBeGreaterThan(0)
  await expectUnharmed()
})

async function expectUnharmed(): Promise<void> {
  const [alice, bob] = victims
  // Sent after all the others on the same sockets: when they have come, so has everything before them.
  for (const [index, { room, socket }] of doors.entries()) {
    const wanted = room ?? String(known.room?.[0])
    socket.send({ type: 'chat_message', message: 'the last one', room_id: wanted, client_id: `last-${index}` })
    await socket.next('ack', (frame) => frame.client_id === `last-${index}`)
  }
  expect((await attacker.get('/healthz')).body).toEqual({ status: 'alive' })
  const socket = await bob.connect(victimRoom)
  const said = await alice.say(victimRoom, 'still here')
  expect(await socket.next('chat_message')).toMatchObject({ seq: 2, message: { id: said.id } })
  expect(await findViolations(chat.db)).toEqual([])
  const [stored] = await chat.db.execute<{ count: number }>(sql`select count(*)::int as count from chat_messages`)
  expect(stored?.count, 'frames that were all refused show little').toBeGreaterThan(runs / 50)
  const victimsReads = await chat.db.execute(sql`select user_id from chat_reads where room_id = ${victimRoom}`)
  expect([...victimsReads]).toEqual([])
  for (const { socket: mine } of doors) {
    const foreign = mine.frames.filter((frame) => frame.room_id === victimRoom && frame.type !== 'error')
    expect(foreign).toEqual([])
  }
}
