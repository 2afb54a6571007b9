import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../db/embedded/free-port.ts'
import { type Database, type OpenDatabase, openDatabase } from '../../db/open.ts'
import type { SendOutcome } from '../../db/queries/sends.ts'
import { takeBatch, type Waiting } from '../../server/batch.ts'
import { createWrites } from '../../server/writes.ts'
import { bareMessage, createBareRooms } from '../support/bare-rooms.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'

let database: OpenDatabase
let drop: () => Promise<void>
let ada: number
let newRoom: (...members: number[]) => Promise<string>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, connections: 4 })
  const rooms = createBareRooms(database.db)
  newRoom = rooms.newRoom
  ada = await rooms.newUser()
})

afterAll(async () => {
  await database.close()
  await drop()
})

type Setup = { lanes?: readonly Database[]; longestQueue?: number }

/** The sizes of batches in the order of their commits, too. */
function openWrites({ lanes = database.writers, longestQueue = 20_000 }: Setup = {}) {
  const batches: number[] = []
  const onCommitted = (outcomes: readonly SendOutcome[]) => void batches.push(outcomes.length)
  const writes = createWrites({ lanes, largestBatch: 256, longestQueue, onCommitted })
  const say = async (roomId: string) => {
    const sent = await writes.send(bareMessage(roomId, ada))
    return sent.outcome === 'sent' ? sent.message.seq : sent.outcome
  }
  return { ...writes, say, batches }
}

/** Holds the room as a long change of it would, until it is released, or the test is over. */
function lock(roomId: string): Promise<{ release(): Promise<void> }> {
  return new Promise((locked, failed) => {
    const holding = database.db.transaction(async (tx) => {
      await tx.execute(sql`select from chat_rooms where id = ${roomId} for update`)
      await new Promise<void>((release) => {
        const letGo = () => {
          release()
          return holding
        }
        onTestFinished(letGo)
        locked({ release: letGo })
      })
    })
    holding.catch(failed)
  })
}

/** One that is locked until it is released, and one that is not. */
async function twoRooms() {
  const held = await newRoom(ada)
  const open = await newRoom(ada)
  return { held, open, ...(await lock(held)) }
}

async function lanesToNowhere(): Promise<readonly Database[]> {
  const nowhere = openDatabase({ url: `postgres://127.0.0.1:${await freePort()}/nowhere` })
  onTestFinished(() => nowhere.close())
  return nowhere.writers
}

/** The message of a room that is locked is on its way to the database. */
const oneWaitsForALock = () => until(async () => (await sendsThatWaitForALock()) === 1)

async function sendsThatWaitForALock(): Promise<number> {
  const [row] = await database.db.execute<{ count: number }>(sql`
    select count(*)::int from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%chat_send%'`)
  return row?.count ?? 0
}

test('a message that waits for its room keeps up those of its room, in their order, and of no other', async () => {
  const { say, batches } = openWrites()
  const { held, open, release } = await twoRooms()

  const first = say(held)
  await oneWaitsForALock()
  const next = [say(held), say(held)]
  const others = [await say(open), await say(open), await say(open)]

  expect(others).toEqual([1, 2, 3])
  expect(await sendsThatWaitForALock()).toBe(1)
  await release()
  expect(await Promise.all([first, ...next])).toEqual([1, 2, 3])
  expect(batches).toEqual([1, 1, 1, 1, 2])
})

test.each([
  { underWay: 4, first: [2] },
  { underWay: 5, first: [] },
])('while $underWay are under way, what comes for another room goes before them: $first', async ({ underWay, first }) => {
  const { say, batches } = openWrites()
  const { held, open, release } = await twoRooms()

  const many = Array.from({ length: underWay }, () => say(held))
  await oneWaitsForALock()
  const others = [say(open), say(open)]
  await nextTurn()
  // Behind it, if it went by the other lane.
  await database.writers[1]?.execute(sql`select pg_backend_pid()`)
  await nextTurn()
  expect(batches).toEqual(first)
  others.push(say(held))

  await release()
  expect(await Promise.all(many)).toEqual([1, 2, 3, 4, 5].slice(0, underWay))
  expect(await Promise.all(others)).toEqual([1, 2, underWay + 1])
  expect(batches).toEqual(first.length > 0 ? [2, 4, 1] : [5, 3])
})

test('after a lane has failed all go by one that works', async () => {
  const { say } = openWrites({ lanes: [...database.writers.slice(0, 1), ...(await lanesToNowhere()).slice(0, 1)] })
  const { held, open, release } = await twoRooms()

  const first = say(held)
  await oneWaitsForALock()
  await expect(say(open)).rejects.toThrow()
  const after = [say(open), say(open)]
  await release()
  expect(await Promise.all([first, ...after])).toEqual([1, 1, 2])
  expect(await Promise.all([say(open), say(held)])).toEqual([3, 2])
  const stored = say(held)
  await nextTurn()
  expect(await Promise.all([stored, say(open)])).toEqual([3, 4])
})

test('a lane that cannot connect is tried once, and then the other', async () => {
  const { say } = openWrites({ lanes: [...(await lanesToNowhere()).slice(0, 1), ...database.writers.slice(0, 1)] })
  const room = await newRoom(ada)
  await expect(say(room)).rejects.toThrow()
  expect([await say(room), await say(room)]).toEqual([1, 2])
})

test('a repetition waits for the original, and keeps no lane from others', async () => {
  const { send, say } = openWrites()
  const { held, open, release } = await twoRooms()
  const both = [1, 2].map(() => send(bareMessage(held, ada, { clientId: 'one' })))
  await oneWaitsForALock()
  expect(await say(open)).toBe(1)
  await release()
  expect((await Promise.all(both)).map(({ outcome }) => outcome)).toEqual(['sent', 'repeated'])
})

test('a room that waits takes at most half of the places of those who wait', async () => {
  const { say } = openWrites({ longestQueue: 4 })
  const { held, open, release } = await twoRooms()
  const first = say(held)
  await oneWaitsForALock()
  const next = [say(held), say(held)]
  await expect(say(held)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 })
  expect(await say(open)).toBe(1)
  await release()
  expect(await Promise.all([first, ...next])).toEqual([1, 2, 3])
  expect(await say(held)).toBe(4)
})

test('is idle when nothing waits in any lane', async () => {
  const { say, idle, written } = openWrites()
  await idle()
  const { held, open, release } = await twoRooms()
  const sends = [say(held)]
  await oneWaitsForALock()
  sends.push(say(held))
  let isIdle = false
  const idling = idle().then(() => {
    isIdle = true
  })
  await say(open)
  expect(isIdle).toBe(false)
  await release()
  await idling
  expect(written()).toBe(3)
  expect(await Promise.all(sends)).toEqual([1, 2])
})

test('a repetition stays for the next batch, and with it what its sender says after it in that room', () => {
  const waiting = (roomId: string, senderId: number, clientId: string | null): Waiting => ({
    message: bareMessage(roomId, senderId, { clientId }),
    resolve: () => undefined,
    reject: () => undefined,
  })
  const queue = [
    waiting('a', 1, 'one'),
    waiting('b', 1, 'one'),
    waiting('b', 1, 'one'),
    waiting('b', 1, 'two'),
    waiting('b', 1, null),
    waiting('b', 2, 'one'),
    waiting('c', 1, null),
  ]
  const taken = (limit: number) => {
    const { batch, rest } = takeBatch(queue, limit)
    return [batch, rest].map((some) => some.map((one) => queue.indexOf(one)))
  }
  expect(taken(1)).toEqual([[0], [1, 2, 3, 4, 5, 6]])
  expect(taken(2)).toEqual([
    [0, 1],
    [2, 3, 4, 5, 6],
  ])
  expect(taken(3)).toEqual([
    [0, 1, 5],
    [2, 3, 4, 6],
  ])
  expect(taken(256)).toEqual([
    [0, 1, 5, 6],
    [2, 3, 4],
  ])
})
