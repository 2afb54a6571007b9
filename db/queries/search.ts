import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { type CountedRow, type FoundMessages, found, type MessageFilter, type MessagePage } from './message-pages.ts'
import { messageColumnsSql, messageJoinsSql, type RawSeenRow, type SeenMessageRow, toSeenRow } from './messages.ts'
import { withReadsSql } from './reads.ts'

/** Messages that are not in the index yet and are looked through one by one, of all rooms of a search together. */
const longestTail = 10_000

export type Search = {
  q: string
  roomId?: string
  /** Only `q` itself, no other forms of its words. */
  asItStands?: boolean
}

/** What is found, and the stems of the words that were asked for, as the index has them. */
export type SearchPage = { count: number; stems: string[]; messages: SeenMessageRow[] }

/**
 * One page of the messages that have the words of `q`, or `q` itself anywhere in them, newest first, and how many there are in all: with
 * one statement. `count` is 0 on a page past the end. Only rooms that the reader is in now. What the index does not have yet is looked
 * through itself, so what was committed before is found, and what was edited away or deleted is not; of more than 10 000 such messages
 * only the newest.
 */
export async function searchMessages(
  db: Queryable,
  readerId: number,
  search: Search,
  page: { limit: number; offset: number },
): Promise<SearchPage> {
  const order = search.roomId === undefined ? sql`shown.created_at desc, shown.room_id, shown.seq desc` : sql`shown.seq desc`
  const rows = await db.execute<RawSeenRow & { count: number; stems: string[] }>(sql`
    with ${foundSql(readerId, search)}, shown as materialized (
      select * from found as shown order by ${order} limit ${page.limit} offset ${page.offset}
    )
    select (select count(*)::int from found) as count, tsvector_to_array(chat_search_document(chat_fold(${wanted(search.q)}))) as stems,
      shown.last_read_seq, ${messageColumnsSql}
    from shown join chat_messages as message on message.room_id = shown.room_id and message.seq = shown.seq and message.deleted_at is null
    ${messageJoinsSql}
    order by ${order}`)
  return { count: rows[0]?.count ?? 0, stems: rows[0]?.stems ?? [], messages: rows.map(toSeenRow) }
}

export async function countFound(db: Queryable, readerId: number, search: Search): Promise<number> {
  const [row] = await db.execute<{ count: number }>(sql`with ${foundSql(readerId, search)} select count(*)::int as count from found`)
  return row?.count ?? 0
}

/** The list of messages, of those that have the text `search` in them: as listMessages is otherwise. Letter case and accents do not count. */
export async function listMessagesWith(
  db: Queryable,
  readerId: number,
  search: string,
  filter: MessageFilter,
  page: MessagePage,
): Promise<FoundMessages> {
  const direction = page.newestFirst ? sql`desc` : sql`asc`
  const order = sql`shown.created_at ${direction}, shown.room_id ${direction}, shown.seq ${direction}`
  const rows = await db.execute<CountedRow>(
    withReadsSql(sql`
    with ${listedSql(readerId, search, filter)}, shown as materialized (
      select * from listed as shown order by ${order} limit ${page.limit} offset ${page.offset}
    )
    select (select count(*)::int from listed) as count, shown.last_read_seq, ${messageColumnsSql}
    from shown join chat_messages as message on message.room_id = shown.room_id and message.seq = shown.seq and message.deleted_at is null
    ${messageJoinsSql}
    order by ${order}`),
  )
  return found(rows)
}

export async function countMessagesWith(db: Queryable, readerId: number, search: string, filter: MessageFilter): Promise<number> {
  const listed = listedSql(readerId, search, filter)
  const [row] = await db.execute<{ count: number }>(sql`with ${listed} select count(*)::int as count from listed`)
  return row?.count ?? 0
}

/** `listed`: what is found, less what the other filters leave out. */
function listedSql(readerId: number, q: string, { roomId, messageType, senderId }: MessageFilter): SQL {
  const search = { q, asItStands: true, ...(roomId !== undefined && { roomId }) }
  return sql`${foundSql(readerId, search)}, listed as materialized (
      select found.* from found join chat_messages as message on message.room_id = found.room_id and message.seq = found.seq
      where true
        ${messageType === undefined ? sql`` : sql`and message.message_type = ${messageType}`}
        ${senderId === undefined ? sql`` : sql`and message.sender_id = ${senderId}`}
    )`
}

/**
 * `found`, of three parts that do not meet. In every room the index answers up to `tail_from`, less what was edited or deleted since
 * (`late`); the messages after it, and the late ones, answer for themselves.
 */
function foundSql(readerId: number, { q, roomId, asItStands }: Search): SQL {
  const stands = sql`message.folded like chat_search_pattern(${q})`
  const matches = asItStands ? stands : sql`(${stands} or chat_search_document(message.folded) @@ chat_search_query(${q}))`
  return sql`
    mine as materialized (
      select reader.room_id, reader.last_read_seq, room.last_seq, coalesce(progress.upto_seq, 0) as upto_seq,
        greatest(coalesce(progress.upto_seq, 0), room.last_seq - ${longestTail} / greatest(
          count(*) filter (where room.last_seq > coalesce(progress.upto_seq, 0)) over (), 1)) as tail_from
      from chat_participants as reader
      join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
      left join chat_search_progress as progress on progress.room_id = reader.room_id
      where reader.user_id = ${readerId} and reader.left_at is null ${roomId === undefined ? sql`` : sql`and reader.room_id = ${roomId}`}
    ), late as materialized (
      select distinct message.room_id, message.seq
      from mine
      cross join lateral (
        select message_id from chat_events where room_id = mine.room_id and seq > mine.upto_seq and message_id is not null offset 0
      ) as event
      cross join lateral (select room_id, seq from chat_messages where id = event.message_id limit 1) as message
      where mine.last_seq > mine.upto_seq and message.seq <= mine.tail_from
    ), found as materialized (
      ${asItStands ? indexedSql(sql`entry.folded like chat_search_pattern(${q})`) : indexedWordsSql(q)}
      union all
      select mine.room_id, message.seq, message.created_at, mine.last_read_seq
      from mine cross join lateral (
        select seq, created_at, chat_fold(content) as folded from chat_messages
        where room_id = mine.room_id and seq > mine.tail_from and deleted_at is null
        order by seq desc limit ${longestTail}
      ) as message
      where mine.last_seq > mine.tail_from and ${matches}
      union all
      select mine.room_id, message.seq, message.created_at, mine.last_read_seq
      from late join mine on mine.room_id = late.room_id cross join lateral (
        select seq, created_at, chat_fold(content) as folded from chat_messages
        where room_id = late.room_id and seq = late.seq and deleted_at is null
        limit 1
      ) as message
      where ${matches}
    )`
}

/** Words and substring are looked for apart: in one OR they would not share the index with the room's id. */
const indexedWordsSql = (q: string) => sql`
      ${indexedSql(sql`entry.document @@ chat_search_query(${q})`)}
      union all
      ${indexedSql(sql`entry.folded like chat_search_pattern(${q}) and not entry.document @@ chat_search_query(${q})`)}`

const indexedSql = (matches: SQL) => sql`
      select entry.room_id, entry.seq, entry.created_at, mine.last_read_seq
      from mine
      join chat_search as entry on entry.room_id = mine.room_id and entry.seq <= mine.tail_from
      where ${matches} and not exists (select from late where late.room_id = entry.room_id and late.seq = entry.seq)`

/** Without the words that must not be there, and without operators. */
function wanted(q: string): string {
  return q.replace(/(^|\s)-("[^"]*"|\S+)/g, ' ').replace(/(^|\s)or(?=\s|$)/gi, ' ')
}
