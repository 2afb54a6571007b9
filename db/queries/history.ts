import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { prepareEach } from '../prepared.ts'
import { largestPage, messageColumnsSql, messageJoinsSql, type RawSeenRow, type SeenMessageRow, toSeenRow } from './messages.ts'
import { type ReadRow, readsOf, type WithReads, withReadsSql } from './reads.ts'

/** Where in a room's history a page lies; a seq itself belongs only to `around`. */
export type Anchor = { before: number } | { after: number } | { around: number } | 'newest'

export type HistoryPage = { messages: SeenMessageRow[]; hasOlder: boolean; hasNewer: boolean; count: number; reads: ReadRow[] }

type Kind = 'newest' | 'before' | 'after' | 'around'
type StretchRow = RawSeenRow & WithReads & { has_older: boolean; has_newer: boolean; count: number }
type Given = { reader: number; room: string; seq: number; limit: number; more: number }
type Slot = (name: keyof Given) => Placeholder

/** A stretch of a room's messages, tombstones among them, newest first. Costs the same wherever it lies. Nothing for who is not in the room. */
export async function listHistory(db: Queryable, readerId: number, roomId: string, anchor: Anchor, limit: number): Promise<HistoryPage> {
  const rows = await askStretch(kindOf(anchor))(db, { reader: readerId, room: roomId, ...boundsOf(anchor, limit) })
  const [first] = rows
  return {
    messages: rows.map(toSeenRow),
    hasOlder: first?.has_older ?? false,
    hasNewer: first?.has_newer ?? false,
    count: first?.count ?? 0,
    reads: readsOf(rows),
  }
}

function kindOf(anchor: Anchor): Kind {
  if (anchor === 'newest') return anchor
  if ('before' in anchor) return 'before'
  return 'after' in anchor ? 'after' : 'around'
}

/** `more` are wanted after `seq` where `limit` are wanted up to it. */
function boundsOf(anchor: Anchor, limit: number): { seq: number; limit: number; more: number } {
  if (anchor === 'newest') return { seq: 0, limit, more: 0 }
  if ('before' in anchor) return { seq: anchor.before, limit, more: 0 }
  if ('after' in anchor) return { seq: anchor.after, limit, more: 0 }
  const half = Math.ceil(limit / 2)
  return { seq: anchor.around, limit: half, more: limit - half }
}

const askStretch = prepareEach<Kind, StretchRow, Given>((kind, slot) =>
  withReadsSql(sql`
    with stretch as materialized (${stretchSql(kind, slot)}),
    ends as materialized (select min(seq) as lowest, max(seq) as highest from stretch)
    select reader.last_read_seq, room.message_count as count, ${messageColumnsSql},
      exists (select 1 from chat_messages where room_id = ${slot('room')} and seq < (select lowest from ends)) as has_older,
      exists (select 1 from chat_messages where room_id = ${slot('room')} and seq > (select highest from ends)) as has_newer
    from chat_participants as reader
    join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
    cross join stretch
    cross join lateral (select * from chat_messages where room_id = reader.room_id and seq = stretch.seq offset 0) as message
    ${messageJoinsSql}
    where reader.user_id = ${slot('reader')} and reader.room_id = ${slot('room')} and reader.left_at is null
    order by message.seq desc`),
)

function stretchSql(kind: Kind, slot: Slot): SQL {
  const nearest = (condition: SQL, direction: SQL, size: Placeholder) => sql`(
    select seq from (
      select seq from chat_messages where room_id = ${slot('room')} ${condition} order by seq ${direction} limit ${largestPage}
    ) as nearest limit ${size})`
  const older = (condition: SQL) => nearest(condition, sql`desc`, slot('limit'))
  const newer = (size: Placeholder) => nearest(sql`and seq > ${slot('seq')}`, sql`asc`, size)
  switch (kind) {
    case 'newest':
      return older(sql``)
    case 'before':
      return older(sql`and seq < ${slot('seq')}`)
    case 'after':
      return newer(slot('limit'))
    case 'around':
      return sql`${older(sql`and seq <= ${slot('seq')}`)} union all ${newer(slot('more'))}`
  }
}
