import { readFile } from 'node:fs/promises'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { insertEvent } from '../../db/queries/events.ts'
import { listMessages } from '../../db/queries/message-pages.ts'
import { deleteMessage, updateContent } from '../../db/queries/messages.ts'
import { insertParticipants } from '../../db/queries/participants.ts'
import { insertRoom, updateRoom } from '../../db/queries/rooms.ts'
import { insertMessages } from '../../db/queries/sends.ts'
import { createTestDatabase } from '../support/postgres.ts'

const [reader, other] = [1, 2]
const mostRooms = 7
let database: OpenDatabase
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, connections: 3 })
  await database.db.execute(sql`insert into users (username, password_hash) values ('reader', 'none'), ('other', 'none')`)
})

afterAll(async () => {
  await database.close()
  await drop()
})

const place = { room: fc.nat(mostRooms - 1), which: fc.nat(1_000) }
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), ...place }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), ...place }) },
)
type Step = { kind: 'send' | 'delete' | 'edit' | 'rename'; room: number; which: number }

/** Rooms in which all that happened, and one of others. */
async function live(steps: Step[]): Promise<string[]> {
  const { db } = database
  await db.execute(sql`delete from chat_rooms`)
  const rooms = Array.from({ length: mostRooms }, () => uuidv7())
  const standing = rooms.map((): string[] => [])
  for (const id of rooms) {
    await insertRoom(db, { id, roomType: 'group' })
    const members = id === rooms.at(-1) ? [other] : [reader, other]
    await insertParticipants(
      db,
      id,
      members.map((userId) => ({ userId, isAdmin: true })),
      0,
    )
  }
  for (const { kind, room, which } of steps) {
    const [roomId, messages] = [rooms[room] ?? '', standing[room] ?? []]
    const messageId = messages[which % messages.length]
    await db.transaction(async (tx) => {
      if (kind === 'send') {
        const ids = Array.from({ length: 1 + (which % 5) }, () => uuidv7())
        messages.push(...ids)
        await insertMessages(
          tx,
          ids.map((id) => ({ id, roomId, ...text })),
        )
      } else if (kind === 'rename') {
        await updateRoom(tx, roomId, { name: `Room ${which}` })
        await insertEvent(tx, roomId, { kind: 'room_updated', actorId: other, frame: {} })
      } else if (messageId !== undefined && kind === 'edit') {
        await updateContent(tx, messageId, 'edited')
        await insertEvent(tx, roomId, { kind: 'message_updated', actorId: other, messageId, frame: {} })
      } else if (messageId !== undefined) {
        messages.splice(messages.indexOf(messageId), 1)
        await deleteMessage(tx, roomId, messageId, 'gone')
        await insertEvent(tx, roomId, { kind: 'message_deleted', actorId: other, messageId, frame: {} })
      }
    })
  }
  return rooms
}

const text = { senderId: other, clientId: null, content: 'said', messageType: 'text' as const, replyToId: null, attachment: null }

/** All that the list is to have, in order. */
async function whole(roomId: string | undefined, newestFirst: boolean): Promise<string[]> {
  const order = sql.raw(newestFirst ? 'desc' : 'asc')
  const rows = await database.db.execute<{ id: string }>(sql`
    select message.id from chat_messages as message
    join chat_participants as reader on reader.room_id = message.room_id and reader.user_id = ${reader}
    where message.deleted_at is null and (${roomId ?? null}::uuid is null or message.room_id = ${roomId ?? null}::uuid)
    order by message.created_at ${order}, message.id ${order}`)
  return rows.map((row) => row.id)
}

const sends = (...rooms: number[]) => rooms.map((room): Step => ({ kind: 'send', room, which: 0 }))

/** A room of many blocks, filled at once: what is no message there is an event or deleted, thickly in some stretches. */
async function longRoom(size: number, events: number[], deletions: [from: number, length: number][]): Promise<string> {
  const roomId = uuidv7()
  const { db } = database
  await insertRoom(db, { id: roomId, roomType: 'group' })
  await insertParticipants(db, roomId, [{ userId: reader, isAdmin: true }], 0)
  await db.transaction(async (tx) => {
    await tx.execute(sql`
      insert into chat_events (room_id, seq, kind)
      select ${roomId}::uuid, value::int, 'room_updated' from json_array_elements_text(${JSON.stringify([...new Set(events)])}::json)`)
    await tx.execute(sql`
      insert into chat_messages (id, room_id, seq, sender_id, content, created_at, modified_at)
      select gen_random_uuid(), ${roomId}::uuid, seq, ${other}, 'said', now() + seq * interval '1 second', now()
      from generate_series(1, ${size}::int) as seq
      where seq not in (select seq from chat_events where room_id = ${roomId})`)
    for (const [from, length] of deletions) {
      await tx.execute(sql`
        update chat_messages set deleted_at = now() where room_id = ${roomId} and seq between ${from} and ${from + length} and deleted_at is null`)
    }
    await tx.execute(sql`
      update chat_rooms set last_seq = ${size}, message_count = (
        select count(*) from chat_messages where room_id = chat_rooms.id and deleted_at is null)
      where id = ${roomId}`)
  })
  return roomId
}

test('a page of a long room is found in the block that has it, whatever is deleted or no message before', async () => {
  const seq = fc.integer({ min: 1, max: 5_000 })
  const events = fc.array(fc.oneof(seq, fc.constantFrom(1, 1_023, 1_024, 1_025, 2_047, 2_048, 5_000)), { maxLength: 300 })
  const deletions = fc.array(fc.tuple(seq, fc.oneof(fc.nat(3), fc.nat(2_500))), { maxLength: 6 })
  const run = fc.asyncProperty(
    events,
    deletions,
    fc.array(fc.nat(5_000), { minLength: 10, maxLength: 10 }),
    async (silent, gone, offsets) => {
      const room = await longRoom(5_000, silent, gone)
      for (const newestFirst of [true, false]) {
        const expected = await whole(room, newestFirst)
        const ends = [1, 1_022, 1_023, 1_024, 1_025, expected.length - 1, expected.length, expected.length + 1]
        for (const offset of [...offsets, ...ends].filter((each) => each >= 0)) {
          const { messages } = await listMessages(database.db, reader, { roomId: room }, { newestFirst, limit: 3, offset })
          expect(messages.map(({ id }) => id)).toEqual(expected.slice(offset, offset + 3))
        }
      }
    },
  )
  await fc.assert(run, { numRuns: 12 })
})

test('a room from before the blocks were counted gets the counts that it would have got one by one', async () => {
  const { db } = database
  await longRoom(3_000, [1, 2, 1_024, 2_999], [[1_000, 100]])
  const countedSql = sql`select room_id, block, silent from chat_places order by room_id, block`
  const counted = [...(await db.execute(countedSql))]
  expect(counted.length).toBeGreaterThan(1)
  const migration = await readFile(new URL('../../db/migrations/0008_places.sql', import.meta.url), 'utf8')
  await db.execute(sql`delete from chat_places`)
  await db.execute(sql.raw(migration.split('--> statement-breakpoint').at(-1) ?? ''))
  expect([...(await db.execute(countedSql))]).toEqual(counted)
})

test('every page of every list is what an offset into the whole list gives', async () => {
  const run = fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (steps, limit) => {
    const rooms = await live(steps)
    for (const roomId of [undefined, ...rooms]) {
      for (const newestFirst of [true, false]) {
        const expected = await whole(roomId, newestFirst)
        for (let offset = 0; offset <= expected.length; offset += limit) {
          const page = await listMessages(database.db, reader, roomId === undefined ? {} : { roomId }, { newestFirst, limit, offset })
          expect(page.messages.map(({ id }) => id)).toEqual(expected.slice(offset, offset + limit))
          expect(page.count).toBe(page.messages.length === 0 ? 0 : expected.length)
        }
      }
    }
  })
  // The newest message is in the room that changed longest ago.
  const renamed = [...sends(0, 1, 2), ...[0, 1].map((room): Step => ({ kind: 'rename', room, which: 1 }))]
  await fc.assert(run, { numRuns: 25, examples: [[renamed, 2]] })
})
