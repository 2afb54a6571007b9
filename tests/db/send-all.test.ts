import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import type { NewMessage } from '../../db/queries/new-message.ts'
import { insertAll } from '../../db/queries/send-all.ts'
import { insertOne } from '../../db/queries/send-one.ts'
import { insertMessages } from '../../db/queries/sends.ts'
import { createBareRooms, bareMessage as message } from '../support/bare-rooms.ts'
import { createTestDatabase } from '../support/postgres.ts'

let database: OpenDatabase
let drop: () => Promise<void>
let newUser: () => Promise<number>
let newRoom: (...members: number[]) => Promise<string>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, connections: 4 })
  ;({ newUser, newRoom } = createBareRooms(database.db))
})

afterAll(async () => {
  await database.close()
  await drop()
})

async function roomOf(id: string) {
  const [row] = await database.db.execute<{ last_seq: string; message_count: number; last_message_id: string | null; stored: number }>(sql`
    select last_seq, message_count, last_message_id, (select count(*)::int from chat_messages where room_id = ${id}) as stored
    from chat_rooms where id = ${id}`)
  return row && { ...row, last_seq: Number(row.last_seq) }
}

test('a batch over several rooms is stored in its order, numbered without a hole, with times in the same order', async () => {
  const ada = await newUser()
  const bob = await newUser()
  const first = await newRoom(ada, bob)
  const second = await newRoom(bob)
  const batch = [message(first, ada), message(second, bob), message(first, bob), message(first, ada), message(second, bob)]

  const outcomes = await insertMessages(database.db, [...batch])
  const later = await insertMessages(database.db, [message(second, bob)])

  const sent = [...outcomes, ...later].map((one) => (one.outcome === 'sent' ? one.message : undefined))
  expect(sent.map((one) => one?.seq)).toEqual([1, 1, 2, 3, 2, 3])
  expect(sent.slice(0, 5).map((one) => one?.id)).toEqual(batch.map(({ id }) => id))
  expect(sent[0]?.sender).toMatchObject({ id: ada, firstName: 'Ada' })
  const times = [sent[0], sent[2], sent[3]].map((one) => one?.createdAt ?? '')
  expect(times).toEqual([...times].sort())
  expect(new Set(times).size).toBe(3)
  expect(await roomOf(first)).toEqual({ last_seq: 3, message_count: 3, last_message_id: batch[3]?.id, stored: 3 })
  expect(await roomOf(second)).toMatchObject({ last_seq: 3, message_count: 3, stored: 3 })
})

test('a batch with nothing to refuse is stored as a whole, with its quotes', async () => {
  const ada = await newUser()
  const [first, second] = [await newRoom(ada), await newRoom(ada)]
  const quoted = message(first, ada, { content: 'what was asked' })
  const rows = [
    ...((await insertAll(database.db, [quoted, message(second, ada)])) ?? []),
    ...((await insertAll(database.db, [message(second, ada), message(first, ada, { replyToId: quoted.id, clientId: 'c1' })])) ?? []),
  ]
  expect(rows.map(({ seq }) => Number(seq)).sort()).toEqual([1, 1, 2, 2])
  expect(rows.map(({ quote_content }) => quote_content).filter(Boolean)).toEqual(['what was asked'])
})

test('a message alone is stored as one of a batch is', async () => {
  const ada = await newUser()
  const room = await newRoom(ada)
  const quoted = message(room, ada, { content: 'y'.repeat(200) })
  const alone = { content: 'it\'s "\\ 😀', clientId: 'c1', replyToId: quoted.id }
  expect(await insertOne(database.db, quoted)).toMatchObject({ seq: '1', quote_id: null })

  const first = await insertOne(database.db, message(room, ada, alone))
  const [second] = (await insertAll(database.db, [message(room, ada, { ...alone, clientId: 'c2' })])) ?? []

  expect(first).toMatchObject({ seq: '2', quote_content: 'y'.repeat(100), quote_sender_id: ada, sender_first_name: 'Ada' })
  const same = (row: typeof first) => ({ ...row, id: '', seq: '', created_at: '' })
  expect(same(first)).toEqual(same(second))
  const rows = await database.db.execute<{ stored: object }>(sql`
    select to_jsonb(chat_messages) - array['id', 'seq', 'client_id', 'created_at', 'modified_at'] as stored
    from chat_messages where room_id = ${room} and seq > 1 order by seq`)
  expect(rows[0]).toEqual(rows[1])
  expect(first?.created_at && second?.created_at && first.created_at < second.created_at).toBe(true)
  expect(await roomOf(room)).toMatchObject({ last_seq: 3, message_count: 3, last_message_id: second?.id, stored: 3 })
})

test('batches that take the same rooms in another order wait for each other, and no number is missing', async () => {
  const ada = await newUser()
  const rooms = await Promise.all(Array.from({ length: 6 }, () => newRoom(ada)))
  const batch = (order: readonly string[]) => order.map((room) => message(room, ada))
  const send = async (order: readonly string[]) => {
    for (let round = 0; round < 50; round++) expect(await insertAll(database.db, batch(order))).toHaveLength(rooms.length)
  }
  await Promise.all([send(rooms), send(rooms.toReversed()), send(rooms)])
  for (const room of rooms) expect(await roomOf(room)).toMatchObject({ last_seq: 150, message_count: 150, stored: 150 })
})

test('texts and client_ids come back as they were given, whatever stands in them', async () => {
  const ada = await newUser()
  const room = await newRoom(ada)
  const texts = ['', 'null', 'NULL', '"', '\\', '\\"', '{a,b}', "it's", 'a\nb\tc', ' edge ', '😀 नमस्ते', '$1', '},{']
  await insertMessages(
    database.db,
    texts.map((content, index) => message(room, ada, { content, clientId: content === '' ? null : `${content}${index}` })),
  )
  const rows = await database.db.execute<{ content: string; client_id: string | null }>(
    sql`select content, client_id from chat_messages where room_id = ${room} order by seq`,
  )
  expect(rows.map((row) => row.content)).toEqual(texts)
  expect(rows.map((row) => row.client_id)).toEqual(texts.map((text, index) => (text === '' ? null : `${text}${index}`)))
})

test('a quote is told with its message', async () => {
  const ada = await newUser()
  const room = await newRoom(ada)
  const quoted = message(room, ada, { content: 'x'.repeat(200) })
  await insertMessages(database.db, [quoted])
  const [answer, other] = await insertMessages(database.db, [message(room, ada, { replyToId: quoted.id }), message(room, ada)])
  expect(answer).toMatchObject({
    outcome: 'sent',
    message: { replyToId: quoted.id, quote: { id: quoted.id, sender: { id: ada }, content: 'x'.repeat(100), isDeleted: false } },
  })
  expect(other).toMatchObject({ outcome: 'sent', message: { quote: null } })
})

const refusals: [string, (scene: { ada: number; room: string }) => Promise<NewMessage>][] = [
  ['who was never in the room', async ({ room }) => message(room, await newUser())],
  [
    'who has left',
    async ({ room }) => {
      const bob = await newUser()
      await database.db.execute(sql`insert into chat_participants (room_id, user_id, left_at) values (${room}, ${bob}, now())`)
      return message(room, bob)
    },
  ],
  [
    'who was made inactive',
    async ({ room }) => {
      const bob = await newUser()
      await database.db.execute(sql`insert into chat_participants (room_id, user_id) values (${room}, ${bob})`)
      await database.db.execute(sql`update users set is_active = false where id = ${bob}`)
      return message(room, bob)
    },
  ],
  [
    'an archived room',
    async ({ ada }) => {
      const archived = await newRoom(ada)
      await database.db.execute(sql`update chat_rooms set is_active = false, archived_at = now() where id = ${archived}`)
      return message(archived, ada)
    },
  ],
  [
    'a deleted room',
    async ({ ada }) => {
      const deleted = await newRoom(ada)
      await database.db.execute(sql`update chat_rooms set deleted_at = now() where id = ${deleted}`)
      return message(deleted, ada)
    },
  ],
  ['a room that is none', async ({ ada }) => message(uuidv7(), ada)],
  [
    'a quote of another room',
    async ({ ada, room }) => {
      const elsewhere = message(await newRoom(ada), ada)
      await insertMessages(database.db, [elsewhere])
      return message(room, ada, { replyToId: elsewhere.id })
    },
  ],
  [
    'a deleted quote',
    async ({ ada, room }) => {
      const quoted = message(await newRoom(ada), ada)
      await insertMessages(database.db, [quoted])
      await database.db.execute(sql`update chat_messages set deleted_at = now() where id = ${quoted.id}`)
      return message(room, ada, { replyToId: quoted.id })
    },
  ],
  [
    'a client_id used before',
    async ({ ada, room }) => {
      await insertMessages(database.db, [message(room, ada, { clientId: 'known', content: 'other' })])
      return message(room, ada, { clientId: 'known' })
    },
  ],
]

test.each(refusals)('%s: nothing of the batch is stored as a whole, and each is judged alone', async (_name, prepare) => {
  const ada = await newUser()
  const room = await newRoom(ada)
  const refused = await prepare({ ada, room })
  const before = await roomOf(room)
  const batch = [message(room, ada), refused, message(room, ada)]

  expect(await insertAll(database.db, batch)).toBeUndefined()
  expect(await insertOne(database.db, refused)).toBeUndefined()
  expect(await roomOf(room)).toEqual(before)

  const outcomes = await insertMessages(database.db, batch)
  expect(outcomes.map(({ outcome }) => outcome === 'sent')).toEqual([true, false, true])
  expect(await roomOf(room)).toMatchObject({ last_seq: (before?.last_seq ?? 0) + 2, stored: (before?.stored ?? 0) + 2 })
})

test.each([1, 2])('who is removed while his %i messages wait for the room does not get them in', async (count) => {
  const ada = await newUser()
  const room = await newRoom(ada)
  const batch = Array.from({ length: count }, () => message(room, ada))
  const sending = await database.db.transaction(async (tx) => {
    await tx.execute(sql`select 1 from chat_rooms where id = ${room} for no key update`)
    const waiting = insertMessages(database.db, batch)
    await untilWaiting(1)
    await tx.execute(sql`update chat_participants set left_at = now() where room_id = ${room} and user_id = ${ada}`)
    return { waiting }
  })
  expect(await sending.waiting).toEqual(batch.map(() => ({ outcome: 'not_participant' })))
  expect(await roomOf(room)).toMatchObject({ last_seq: 0, stored: 0 })
})

test('a room takes its messages with it, a user leaves his behind without a name', async () => {
  const ada = await newUser()
  const bob = await newUser()
  const kept = await newRoom(ada, bob)
  const removed = await newRoom(ada)
  await insertMessages(database.db, [message(kept, ada), message(kept, bob), message(removed, ada)])

  await database.db.execute(sql`delete from chat_rooms where id = ${removed}`)
  const [left] = await database.db.execute<{ count: number }>(sql`select count(*)::int from chat_messages where room_id = ${removed}`)
  expect(left?.count).toBe(0)

  await database.db.execute(sql`delete from users where id = ${ada}`)
  const rows = await database.db.execute<{ sender_id: number | null }>(
    sql`select sender_id from chat_messages where room_id = ${kept} order by seq`,
  )
  expect(rows.map((row) => row.sender_id)).toEqual([null, bob])
})

test("what a user sends while he is removed is nobody's as well", async () => {
  const ada = await newUser()
  const room = await newRoom(ada)
  await database.db.transaction(async (tx) => {
    await insertMessages(tx, [message(room, ada)])
    await database.db.execute(sql`delete from users where id = ${ada}`)
  })
  const rows = await database.db.execute<{ sender: number | null }>(
    sql`select users.id as sender from chat_messages left join users on users.id = sender_id where room_id = ${room}`,
  )
  expect(rows.map((row) => row.sender)).toEqual([null])
})

const misfits: [string, ReturnType<typeof sql>][] = [
  ['an unknown type', sql`update chat_rooms set room_type = 'other'`],
  ['a direct room without its pair', sql`update chat_rooms set room_type = 'direct'`],
  ['a group with a pair', sql`update chat_rooms set direct_key = '1:2'`],
  ['archived and active at once', sql`update chat_rooms set archived_at = now()`],
]

test.each(misfits)('a room that does not fit is refused: %s', async (_name, statement) => {
  const room = await newRoom(await newUser())
  const change = database.db.execute(sql`${statement} where id = ${room}`)
  await expect(change).rejects.toMatchObject({ cause: { code: '23514', constraint_name: 'chat_rooms_checked' } })
})

/** Resolves when so many sessions of this database wait for a lock. */
async function untilWaiting(count: number): Promise<void> {
  await expect
    .poll(async () => {
      const [row] = await database.db.execute<{ waiting: number }>(
        sql`select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return row?.waiting
    })
    .toBe(count)
}
