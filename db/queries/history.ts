import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { messageColumnsSql, messageJoinsSql, type RawSeenRow, type SeenMessageRow, toSeenRow } from './messages.ts'

/** Where in a room's history a page lies; a seq itself belongs only to `around`. */
export type Anchor = { before: number } | { after: number } | { around: number } | 'newest'

export type HistoryPage = { messages: SeenMessageRow[]; hasOlder: boolean; hasNewer: boolean; count: number }

/** A stretch of a room's messages, tombstones among them, newest first. Costs the same wherever it lies. Nothing for who is not in the room. */
export async function listHistory(db: Queryable, readerId: number, roomId: string, anchor: Anchor, limit: number): Promise<HistoryPage> {
  const rows = await db.execute<RawSeenRow & { has_older: boolean; has_newer: boolean; count: number }>(sql`
    with stretch as materialized (${stretchSql(roomId, anchor, limit)}),
    ends as materialized (select min(seq) as lowest, max(seq) as highest from stretch)
    select reader.last_read_seq, room.message_count as count, ${messageColumnsSql},
      exists (select 1 from chat_messages where room_id = ${roomId} and seq < (select lowest from ends)) as has_older,
      exists (select 1 from chat_messages where room_id = ${roomId} and seq > (select highest from ends)) as has_newer
    from chat_participants as reader
    join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
    cross join stretch
    join chat_messages as message on message.room_id = reader.room_id and message.seq = stretch.seq
    ${messageJoinsSql}
    where reader.user_id = ${readerId} and reader.room_id = ${roomId} and reader.left_at is null
    order by message.seq desc`)
  const [first] = rows
  return {
    messages: rows.map(toSeenRow),
    hasOlder: first?.has_older ?? false,
    hasNewer: first?.has_newer ?? false,
    count: first?.count ?? 0,
  }
}

function stretchSql(roomId: string, anchor: Anchor, limit: number): SQL {
  const older = (condition: SQL, size: number) =>
    sql`(select seq from chat_messages where room_id = ${roomId} ${condition} order by seq desc limit ${size})`
  const newer = (seq: number, size: number) =>
    sql`(select seq from chat_messages where room_id = ${roomId} and seq > ${seq} order by seq limit ${size})`
  if (anchor === 'newest') return older(sql``, limit)
  if ('before' in anchor) return older(sql`and seq < ${anchor.before}`, limit)
  if ('after' in anchor) return newer(anchor.after, limit)
  const half = Math.ceil(limit / 2)
  return sql`${older(sql`and seq <= ${anchor.around}`, half)} union all ${newer(anchor.around, limit - half)}`
}
