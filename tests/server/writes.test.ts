import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
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

/** The sizes of batches in the order of their commits, too. */
function openWrites(lanes = database.writers) {
  const batches: number[] = []
  const onCommitted = (outcomes: readonly SendOutcome[]) => void batches.push(outcomes.length)
  const writes = createWrites({ lanes, largestBatch: 256, onCommitted })
  const say = async (roomId: string) => {
    const sent = await writes.send(bareMessage(roomId, ada))
    return sent.outcome === 'sent' ? sent.message.seq : sent.outcome
  }
  return { ...writes, say, batches }
}

/** Holds the room as a long change of it would, until it is released. */
function lock(roomId: string): Promise<{ release(): Promise<void> }> {
  return new Promise((locked, failed) => {
    const holding = database.db.transaction(async (tx) => {
      await tx.execute(sql`select from chat_rooms where id = ${roomId} for update`)
      await new Promise<void>((release) => {
        const letGo = () => {
          release()
          return holding
        }
        locked({ release: letGo })
      })
    })
    holding.catch(failed)
  })
}

async function sendsThatWaitForALock(): Promise<number> {
  const [row] = await database.db.execute<{ count: number }>(sql`
    select count(*)::int from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%chat_send%'`)
  return row?.count ?? 0
}

test('a message that waits for its room keeps up those of its room, in their order, and of no other', async () => {
  const { say, batches } = openWrites()
  const held = await newRoom(ada)
  const open = await newRoom(ada)
  const { release } = await lock(held)

  const first = say(held)
  await until(async () => (await sendsThatWaitForALock()) === 1)
  const next = [say(held), say(held)]
  const others = [await say(open), await say(open), await say(open)]

  expect(others).toEqual([1, 2, 3])
  expect(await sendsThatWaitForALock()).toBe(1)
  await release()
  expect(await Promise.all([first, ...next])).toEqual([1, 2, 3])
  expect(batches).toEqual([1, 1, 1, 1, 2])
})

test('what comes while many are under way goes together after them', async () => {
  const { say, batches } = openWrites()
  const held = await newRoom(ada)
  const open = await newRoom(ada)
  const { release } = await lock(held)

  const many = [1, 2, 3, 4, 5].map(() => say(held))
  await until(async () => (await sendsThatWaitForALock()) === 1)
  const one = say(open)
  // It would be stored before this is answered.
  await database.writers[1]?.execute(sql`select pg_backend_pid()`)
  const others = [one, say(open), say(held)]
  expect(batches).toEqual([])

  await release()
  expect(await Promise.all(many)).toEqual([1, 2, 3, 4, 5])
  expect(await Promise.all(others)).toEqual([1, 2, 6])
  expect(batches).toEqual([5, 3])
})

test('is idle when nothing waits in any lane', async () => {
  const { say, idle, written } = openWrites()
  await idle()
  const held = await newRoom(ada)
  const open = await newRoom(ada)
  const { release } = await lock(held)
  const sends = [say(held)]
  await until(async () => (await sendsThatWaitForALock()) === 1)
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

test('a batch leaves out the rooms under way, and a repetition with what its sender says after it', () => {
  const waiting = (roomId: string, senderId: number, clientId: string): Waiting => ({
    message: bareMessage(roomId, senderId, { clientId }),
    resolve: () => undefined,
    reject: () => undefined,
  })
  const queue = [
    waiting('a', 1, 'one'),
    waiting('b', 1, 'one'),
    waiting('c', 1, 'one'),
    waiting('c', 1, 'one'),
    waiting('c', 1, 'two'),
    waiting('c', 2, 'one'),
    waiting('d', 2, 'one'),
  ]
  const places = (some: readonly Waiting[]) => some.map((one) => queue.indexOf(one))

  const all = takeBatch(queue, 4, new Set(['a']))
  expect(places(all.batch)).toEqual([1, 2, 5, 6])
  expect(places(all.rest)).toEqual([0, 3, 4])
  const few = takeBatch(queue, 2, new Set(['a']))
  expect(places(few.batch)).toEqual([1, 2])
  expect(places(few.rest)).toEqual([0, 3, 4, 5, 6])
  const none = takeBatch(queue, 256, new Set())
  expect(places(none.batch)).toEqual([0, 1, 2, 5, 6])
})
