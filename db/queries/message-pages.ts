import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { MessageType } from '../../schemas/messages.ts'
import type { Queryable } from '../open.ts'
import { prepare, prepareEach } from '../prepared.ts'
import { largestPage, messageColumnsSql, messageJoinsSql, type RawSeenRow, type SeenMessageRow, seenBySql, toSeenRow } from './messages.ts'
import { isMineSql } from './participants.ts'
import { placeSql } from './places.ts'
import { type ReadRow, readsOf, type WithReads, withReadsSql } from './reads.ts'

export type MessageFilter = {
  roomId?: string
  messageType?: MessageType
  senderId?: number
}

export type MessagePage = { newestFirst: boolean; limit: number; offset: number }

/** `count` is 0 on a page past the end. `reads` as listReads gives them for the page. */
export type FoundMessages = { count: number; messages: SeenMessageRow[]; reads: ReadRow[] }

export type CountedRow = RawSeenRow & WithReads & { count: number }

/** Pages of all rooms that reach no further than this are put together room by room. */
const furthestRecent = 200

/** One page, who has read it, and how many there are in all: with one statement. */
export async function listMessages(db: Queryable, readerId: number, filter: MessageFilter, page: MessagePage): Promise<FoundMessages> {
  const { newestFirst, limit, offset } = page
  if (isFiltered(filter)) return listByOffset(db, readerId, filter, page)
  if (filter.roomId !== undefined) {
    const order = newestFirst ? 'desc' : 'asc'
    const of = { reader: readerId, room: filter.roomId, limit }
    return found(await (offset === 0 ? askEnd(order)(db, of) : askPlace(order)(db, { ...of, offset })))
  }
  if (newestFirst && offset + limit <= furthestRecent) {
    return found(await askRecent(db, { reader: readerId, upto: offset + limit, limit, offset }))
  }
  return listByOffset(db, readerId, filter, page)
}

export function found(rows: CountedRow[]): FoundMessages {
  return { count: rows[0]?.count ?? 0, messages: rows.map(toSeenRow), reads: readsOf(rows) }
}

/** The first page of a room, from either end. */
const askEnd = prepareEach<'asc' | 'desc', CountedRow, { reader: number; room: string; limit: number }>((direction, slot) =>
  withReadsSql(sql`
    select room.message_count as count, reader.last_read_seq, ${messageColumnsSql}
    from chat_participants as reader
    join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
    cross join lateral (
      select * from (
        select * from chat_messages where room_id = reader.room_id and deleted_at is null order by seq ${sql.raw(direction)} limit ${largestPage}
      ) as nearest limit ${slot('limit')}
    ) as message
    ${messageJoinsSql}
    where reader.user_id = ${slot('reader')} and reader.room_id = ${slot('room')} and reader.left_at is null
    order by message.seq ${sql.raw(direction)}`),
)

/** A page of a room that is not the first: from its place on, wherever that is. */
const askPlace = prepareEach<'asc' | 'desc', CountedRow, { reader: number; room: string; limit: number; offset: number }>(
  (direction, slot) =>
    withReadsSql(sql`
    with mine as materialized (
      select reader.room_id, reader.last_read_seq, room.message_count,
        ${direction === 'desc' ? sql`room.message_count - ${slot('offset')}::bigint` : sql`${slot('offset')}::bigint + 1`} as rank
      from chat_participants as reader
      join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
      where reader.user_id = ${slot('reader')} and reader.room_id = ${slot('room')} and reader.left_at is null
    ), place as materialized (${placeSql})
    select mine.message_count as count, mine.last_read_seq, ${messageColumnsSql}
    from mine cross join place cross join lateral (
      select * from (
        select * from chat_messages
        where room_id = mine.room_id and seq ${sql.raw(direction === 'desc' ? '<=' : '>=')} place.seq and deleted_at is null
        order by seq ${sql.raw(direction)} limit ${largestPage}
      ) as nearest limit ${slot('limit')}
    ) as message
    ${messageJoinsSql}
    order by message.seq ${sql.raw(direction)}`),
)

/**
 * The newest of all rooms. Where `upto` messages are wanted, no more than `upto` of a room are. And no more rooms: `near` are those that
 * changed last. A room changes with each message, but by a new name too, which can have kept another out: the rooms that changed since the
 * oldest message found in `near` are looked at as well (`missed`), nearly always none.
 */
const askRecent = prepare<CountedRow, { reader: number; upto: number; limit: number; offset: number }>((slot) => {
  const newestOf = (rooms: SQL) => sql`
      select ${rooms}.room_id, message.seq, message.created_at, message.id
      from ${rooms} cross join lateral (
        select seq, created_at, id from chat_messages where room_id = ${rooms}.room_id and deleted_at is null
        order by seq desc limit ${slot('upto')}
      ) as message`
  return withReadsSql(sql`
    with mine as materialized (
      select room.id as room_id, room.modified_at, room.message_count
      from chat_rooms as room where ${isMineSql(slot('reader'))} and room.message_count > 0
    ), near as materialized (
      select * from mine order by modified_at desc, room_id limit ${slot('upto')}
    ), first as materialized (
      select * from (${newestOf(sql.raw('near'))}) as newest order by created_at desc, id desc limit ${slot('upto')}
    ), missed as materialized (
      select * from mine
      where modified_at <= (select min(modified_at) from near) and room_id not in (select room_id from near)
        and ((select count(*) from first) < ${slot('upto')} or modified_at >= (select min(created_at) from first))
    ), shown as materialized (
      select * from (select * from first union all ${newestOf(sql.raw('missed'))}) as newest
      order by created_at desc, id desc limit ${slot('limit')} offset ${slot('offset')}
    )
    select (select sum(message_count)::int from mine) as count, reader.last_read_seq, ${messageColumnsSql}
    from shown
    join chat_participants as reader on reader.room_id = shown.room_id and reader.user_id = ${slot('reader')}
    cross join lateral (select * from chat_messages where room_id = shown.room_id and seq = shown.seq offset 0) as message
    ${messageJoinsSql}
    order by message.created_at desc, message.id desc`)
})

/** Reads what stands before the page too. */
async function listByOffset(db: Queryable, readerId: number, filter: MessageFilter, page: MessagePage): Promise<FoundMessages> {
  const direction = sql.raw(page.newestFirst ? 'desc' : 'asc')
  const order = filter.roomId ? sql`message.seq ${direction}` : sql`message.created_at ${direction}, message.id ${direction}`
  return found(
    await db.execute<CountedRow>(
      withReadsSql(sql`
      select (${countSql(readerId, filter)}) as count, reader.last_read_seq, ${messageColumnsSql}
      ${seenBySql(readerId)} ${filterSql(filter)}
      order by ${order} limit ${page.limit} offset ${page.offset}`),
    ),
  )
}

export async function countMessages(db: Queryable, readerId: number, filter: MessageFilter): Promise<number> {
  const [row] = await db.execute<{ count: number }>(sql`select (${countSql(readerId, filter)}) as count`)
  return row?.count ?? 0
}

function isFiltered({ messageType, senderId }: MessageFilter): boolean {
  return messageType !== undefined || senderId !== undefined
}

/** Without a filter the rooms have counted already. */
function countSql(readerId: number | Placeholder, filter: MessageFilter): SQL {
  if (!isFiltered(filter)) {
    return sql`
      select coalesce(sum(room.message_count), 0)::int
      from chat_rooms as room where ${isMineSql(readerId)} ${filter.roomId ? sql`and room.id = ${filter.roomId}` : sql``}`
  }
  return sql`
    select count(*)::int
    from chat_participants as reader
    join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
    join chat_messages as message on message.room_id = reader.room_id and message.deleted_at is null
    where reader.user_id = ${readerId} and reader.left_at is null ${filterSql(filter)}`
}

function filterSql({ roomId, messageType, senderId }: MessageFilter): SQL {
  const parts = [sql``]
  if (roomId !== undefined) parts.push(sql`and reader.room_id = ${roomId}`)
  if (messageType !== undefined) parts.push(sql`and message.message_type = ${messageType}`)
  if (senderId !== undefined) parts.push(sql`and message.sender_id = ${senderId}`)
  return sql.join(parts, sql` `)
}
