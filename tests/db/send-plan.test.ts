import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase, type Queryable } from '../../db/open.ts'
import type { NewMessage } from '../../db/queries/new-message.ts'
import { insertMessages } from '../../db/queries/sends.ts'
import { createTestDatabase } from '../support/postgres.ts'

const people = 2_000
const room = uuidv7()
let database: OpenDatabase
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  // One connection, which keeps its plans as a writer's does.
  database = openDatabase({ url: created.url, connections: 1 })
})

afterAll(async () => {
  await database.close()
  await drop()
})

function message(clientId: string): NewMessage {
  const text = { content: 'hello', messageType: 'text' as const, replyToId: null, attachment: null }
  return { id: uuidv7(), roomId: room, senderId: 1, clientId, ...text }
}

/** Rows that a batch of sends looks at, in all tables. */
function rowsLookedAt(...clientIds: string[]): Promise<number> {
  return database.db.transaction(async (tx) => {
    const before = await rowsOfSession(tx)
    const outcomes = await insertMessages(tx, clientIds.map(message))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(clientIds.map(() => 'sent'))
    return (await rowsOfSession(tx)) - before
  })
}

/** Rows that this connection looked at since it last told PostgreSQL's statistics, which it does not do inside of a transaction. */
async function rowsOfSession(tx: Queryable): Promise<number> {
  const [row] = await tx.execute<{ rows: number }>(
    sql`select sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0))::int as rows from pg_stat_xact_user_tables`,
  )
  return row?.rows ?? Number.NaN
}

test('a send that was planned while tables were small looks at no more rows when they are large', async () => {
  const { db } = database
  await db.execute(sql`insert into users (username, password_hash) values ('first', 'none')`)
  await db.execute(sql`insert into chat_rooms (id, room_type) values (${room}, 'group')`)
  await db.execute(sql`insert into chat_participants (room_id, user_id) values (${room}, 1)`)
  await db.execute(sql`analyze`)
  const [oneWhenSmall, twoWhenSmall] = [await rowsLookedAt('first'), await rowsLookedAt('second', 'third')]

  await db.execute(sql`insert into users (username, password_hash) select 'person-' || n, 'none' from generate_series(1, ${people}::int) n`)
  await db.execute(sql`insert into chat_participants (room_id, user_id) select ${room}::uuid, id from users where id > 1`)
  await db.execute(sql`insert into chat_rooms (id, room_type) select gen_random_uuid(), 'group' from generate_series(1, ${people}::int)`)
  await db.execute(sql`
    insert into chat_messages (id, room_id, seq, sender_id, client_id, content, created_at, modified_at)
    select gen_random_uuid(), ${room}::uuid, n + 10, 1, 'earlier-' || n, 'hello', now(), now() from generate_series(1, ${people}::int) n`)
  await db.execute(sql`update chat_rooms set last_seq = ${people + 10}, message_count = ${people} where id = ${room}`)

  expect(await rowsLookedAt('fourth')).toBeLessThanOrEqual(oneWhenSmall + 3)
  expect(await rowsLookedAt('fifth', 'sixth')).toBeLessThanOrEqual(twoWhenSmall + 6)
})
