import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, type OpenDatabase, openDatabase, type Queryable } from '../../db/open.ts'
import { listArrivals, listOpenPlaces } from '../../db/queries/arrivals.ts'
import { listChanges } from '../../db/queries/events.ts'
import { listHeads, listVersions } from '../../db/queries/heads.ts'
import { listHistory } from '../../db/queries/history.ts'
import { listMessages } from '../../db/queries/message-pages.ts'
import { findMessage } from '../../db/queries/messages.ts'
import type { NewMessage } from '../../db/queries/new-message.ts'
import { findParticipant, listOpenRooms, listParticipants, listParticipantsOfRoom, listUnread } from '../../db/queries/participants.ts'
import { listReadPointers, listReads } from '../../db/queries/reads.ts'
import { findSeenRoom, listRooms } from '../../db/queries/rooms.ts'
import { insertMessages } from '../../db/queries/sends.ts'
import { findAccountOfSession } from '../../db/queries/users.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { fillChat, messageId, roomId } from './support/filled.ts'

const [reader, room] = [1, roomId(0)]
let statement = ''
let database: OpenDatabase
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, connections: 1, onStatement: (text) => (statement = text) })
  await fillChat(database.db)
})

afterAll(async () => {
  await database.close()
  await drop()
})

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Node[] }

/** Every step of the plan that a connection keeps for the statement that `ask` asks: the one for any values. */
async function stepsOf(ask: (db: Database) => Promise<unknown>): Promise<Node[]> {
  const { db } = database
  await ask(db)
  const text = statement
  const values = new Set(text.match(/\$\d+/g)).size
  await db.execute(sql`set plan_cache_mode = force_generic_plan`)
  await db.execute(sql.raw(`prepare planned as ${text}`))
  const [row] = await db.execute<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    sql.raw(`explain (format json) execute planned${values > 0 ? `(${Array(values).fill('null').join(', ')})` : ''}`),
  )
  await db.execute(sql`deallocate planned`)
  await db.execute(sql`reset plan_cache_mode`)
  return row ? stepsBelow(row['QUERY PLAN'][0].Plan) : []
}

const stepsBelow = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(stepsBelow)]

const large = ['chat_messages', 'chat_events', 'chat_participants', 'chat_reads', 'chat_rooms', 'users']
const newest = { newestFirst: true, limit: 50, offset: 0 }
const unread = ['chat_events_pkey', 'chat_messages_deleted', 'chat_messages_of_sender']

const lists: [name: string, ask: (db: Database) => Promise<unknown>, indexes: string[]][] = [
  ['the first page of a room', (db) => listMessages(db, reader, { roomId: room }, newest), ['chat_messages_pkey', 'chat_reads_pkey']],
  [
    'a page further on',
    (db) => listMessages(db, reader, { roomId: room }, { ...newest, offset: 5_000 }),
    ['chat_messages_pkey', 'chat_places_pkey'],
  ],
  ['the newest of all rooms', (db) => listMessages(db, reader, {}, newest), ['chat_participants_rooms_of_user', 'chat_messages_pkey']],
  ['messages around a place', (db) => listHistory(db, reader, room, { around: 6_000 }, 50), ['chat_messages_pkey']],
  ['messages before a place', (db) => listHistory(db, reader, room, { before: 6_000 }, 50), ['chat_messages_pkey']],
  ['one message', (db) => findMessage(db, reader, messageId(0, 5)), ['chat_messages_id']],
  ['who has read a message', (db) => listReads(db, [{ roomId: room, fromSeq: 5, uptoSeq: 5 }]), ['chat_reads_pkey']],
  ['what has changed since', (db) => listChanges(db, room, 11_000, 100), ['chat_messages_pkey', 'chat_events_pkey', 'chat_messages_id']],
  [
    'the list of rooms',
    (db) => listRooms(db, reader, { isActive: true }, { order: '-modified_at', limit: 50, offset: 0 }),
    ['chat_participants_rooms_of_user', ...unread],
  ],
  ['one room', (db) => findSeenRoom(db, room, reader), ['chat_rooms_pkey', ...unread]],
  ['the participants of a room', (db) => listParticipantsOfRoom(db, room), ['chat_participants_room_user', ...unread]],
  ['the participants of my rooms', (db) => listParticipants(db, reader, {}, { limit: 50, offset: 0 }), unread],
  ['my place in a room', (db) => findParticipant(db, room, reader), unread],
  ['what is unread', (db) => listUnread(db, reader), unread],
  [
    'who comes with a socket',
    (db) => listArrivals(db, [{ userId: reader, session: 'session', roomId: room }]),
    ['users_pkey', 'chat_rooms_pkey', 'chat_participants_rooms_of_user'],
  ],
  [
    'who takes a seat in a room',
    (db) => listOpenPlaces(db, [{ userId: reader, roomId: room }]),
    ['users_pkey', 'chat_rooms_pkey', 'chat_participants_rooms_of_user', ...unread],
  ],
  ['how far everybody has read', (db) => listReadPointers(db, [room]), ['chat_participants_room_user', 'chat_messages_pkey']],
  ['the heads of my rooms', (db) => listOpenRooms(db, reader, null), ['chat_participants_rooms_of_user', ...unread]],
  ['the heads of some of my rooms', (db) => listOpenRooms(db, reader, [room]), unread],
  ['the heads of rooms', (db) => listHeads(db, [room]), ['chat_rooms_pkey']],
  ['the versions of users', (db) => listVersions(db, [reader]), ['users_pkey']],
  ['who bears a token', (db) => findAccountOfSession(db, reader, 'session'), ['users_pkey']],
]

test.each(lists)('%s: every large table by its index', async (_name, ask, indexes) => {
  const steps = await stepsOf(ask)
  const whole = steps.filter((step) => step['Node Type'] === 'Seq Scan' && large.includes(step['Relation Name'] ?? ''))
  expect(whole.map((step) => step['Relation Name'])).toEqual([])
  expect(steps.map((step) => step['Index Name'])).toEqual(expect.arrayContaining(indexes))
})

const message: Omit<NewMessage, 'id'> = {
  roomId: room,
  senderId: reader,
  clientId: null,
  content: 'hello',
  messageType: 'text',
  replyToId: messageId(0, 5),
  attachment: null,
}

/** Those that were stored. */
async function send(tx: Queryable, ...places: number[]) {
  const outcomes = await insertMessages(
    tx,
    places.map((place) => ({ ...message, id: messageId(0, place) })),
  )
  return outcomes.filter(({ outcome }) => outcome === 'sent')
}

/** The plans inside of functions are not told: what they read is counted. */
const functions: [name: string, ask: (tx: Queryable) => Promise<unknown[]>][] = [
  ['a send', (tx) => send(tx, 99_997)],
  ['two sends', (tx) => send(tx, 99_998, 99_999)],
  ['what is unread', (tx) => listUnread(tx, reader)],
]

test.each(functions)('%s reads no table whole', async (_name, ask) => {
  const scans = await database.db.transaction(async (tx) => {
    const countSql = sql`select sum(seq_scan)::int as whole, sum(idx_scan)::int as by_index from pg_stat_xact_user_tables where relname <> 'chat_places'`
    const [before] = await tx.execute<{ whole: number; by_index: number }>(countSql)
    expect(await ask(tx)).not.toEqual([])
    const [after] = await tx.execute<{ whole: number; by_index: number }>(countSql)
    return { whole: (after?.whole ?? 0) - (before?.whole ?? 0), byIndex: (after?.by_index ?? 0) - (before?.by_index ?? 0) }
  })
  expect(scans.whole).toBe(0)
  expect(scans.byIndex).toBeGreaterThan(0)
})
