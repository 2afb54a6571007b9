import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { arrayOf, prepare } from '../prepared.ts'
import { chatParticipants } from '../schema.ts'
import type { UserRow } from './users.ts'

export type ReadMove = { uptoSeq: number; readAt: string; messageId: string }

/**
 * Moves the reader's pointer forward to `seq` and keeps the move. Undefined when he is not in the room, or had read
 * that far and has marked nothing of it unread: then nothing is written. Who came in later has a pointer at what was said before, without having read it:
 * his reading of it is kept too. `messageId` is the newest message up to there.
 */
export async function moveReadPointer(db: Queryable, roomId: string, userId: number, seq: number): Promise<ReadMove | undefined> {
  const [row] = await db.execute<{ upto_seq: string; read_at: string; message_id: string | null }>(sql`
    with moved as (
      update chat_participants as reader
      set last_read_seq = greatest(last_read_seq, ${seq}::bigint), last_read_at = clock_timestamp(),
        unread_from_seq = case
          when unread_from_seq > ${seq} then unread_from_seq
          when unread_from_seq is not null and last_read_seq > ${seq} then ${seq}::bigint + 1
        end
      where room_id = ${roomId} and user_id = ${userId} and left_at is null and ${seq}::bigint > 0
        and (last_read_seq < ${seq} or unread_from_seq <= ${seq} or not exists (
        select 1 from chat_reads as read
        where read.room_id = reader.room_id and read.user_id = reader.user_id and read.upto_seq >= ${seq}))
      returning room_id, user_id, ${seq}::bigint as upto_seq, last_read_at
    ), kept as (
      insert into chat_reads (room_id, user_id, upto_seq, read_at)
      select room_id, user_id, upto_seq, last_read_at from moved
      on conflict do nothing
    )
    select moved.upto_seq, moved.last_read_at as read_at, newest.id as message_id
    from moved left join lateral (
      select id from chat_messages where room_id = moved.room_id and seq <= moved.upto_seq and deleted_at is null
      order by seq desc limit 1
    ) as newest on true`)
  if (!row?.message_id) return undefined
  return { uptoSeq: Number(row.upto_seq), readAt: row.read_at, messageId: row.message_id }
}

/** What stands from `seq` on counts as unread for the user. False when he is not in the room now. */
export async function updateUnreadFrom(db: Queryable, roomId: string, userId: number, seq: number): Promise<boolean> {
  const rows = await db
    .update(chatParticipants)
    .set({ unreadFromSeq: seq })
    .where(and(eq(chatParticipants.roomId, roomId), eq(chatParticipants.userId, userId), isNull(chatParticipants.leftAt)))
    .returning({ id: chatParticipants.id })
  return rows.length > 0
}

/** Messages whose readers are asked for, as one stretch of a room's history. */
export type Stretch = { roomId: string; fromSeq: number; uptoSeq: number }

export type ReadRow = { roomId: string; userId: number; uptoSeq: number; readAt: string }

/** For a statement with stretches (`room_id, from_seq, upto_seq`): the moves that tell, for every message of theirs, who has read it and when. */
const movesSql = (stretches: SQL): SQL => sql`
    select stretch.room_id, participant.user_id, move.upto_seq, move.read_at
    from ${stretches} as stretch
    cross join lateral (select user_id from chat_participants where room_id = stretch.room_id offset 0) as participant
    cross join lateral (
      (select upto_seq, read_at from chat_reads as read
       where read.room_id = stretch.room_id and read.user_id = participant.user_id
         and read.upto_seq >= stretch.from_seq and read.upto_seq < stretch.upto_seq)
      union all
      (select upto_seq, read_at from chat_reads as read
       where read.room_id = stretch.room_id and read.user_id = participant.user_id and read.upto_seq >= stretch.upto_seq
       order by upto_seq limit 1)
    ) as move`

const askReads = prepare<{ room_id: string; user_id: number; upto_seq: string; read_at: string }, { stretches: string }>(
  (slot) => sql`${movesSql(sql`(
      select "roomId" as room_id, "fromSeq" as from_seq, "uptoSeq" as upto_seq
      from json_to_recordset(${slot('stretches')}::json) as asked ("roomId" uuid, "fromSeq" bigint, "uptoSeq" bigint)
    )`)}
    order by room_id, user_id, upto_seq`,
)

/** The moves that tell, for every message of the stretches, who has read it and when: those of one user in one room in order. */
export async function listReads(db: Queryable, stretches: readonly Stretch[]): Promise<ReadRow[]> {
  if (stretches.length === 0) return []
  const rows = await askReads(db, { stretches: JSON.stringify(stretches) })
  return rows.map((row) => ({ roomId: row.room_id, userId: row.user_id, uptoSeq: Number(row.upto_seq), readAt: row.read_at }))
}

/** A page of messages with who has read them: the first row has it for all. */
export type WithReads = { reads: [roomId: string, userId: number, uptoSeq: number, readAt: string][] | null }

/** The same page, in the same order, with WithReads. `page` has `room_id` and `seq`. Asked apart, they would cost a third of the whole. */
export const withReadsSql = (page: SQL): SQL => sql`
  with page as materialized (${page}),
  stretch as materialized (select room_id, min(seq) as from_seq, max(seq) as upto_seq from page group by room_id)
  select page.*, case when row_number() over () = 1 then (
    select json_agg(json_build_array(room_id, user_id, upto_seq, read_at::text) order by room_id, user_id, upto_seq)
    from (${movesSql(sql`stretch`)}) as moves
  ) end as reads
  from page`

export function readsOf([first]: readonly WithReads[]): ReadRow[] {
  return (first?.reads ?? []).map(([roomId, userId, uptoSeq, readAt]) => ({ roomId, userId, uptoSeq, readAt }))
}

export type ReadPointerRow = ReadMove & { roomId: string; userId: number }

const askPointers = prepare<
  { room_id: string; user_id: number; last_read_seq: string; last_read_at: string; message_id: string },
  { rooms: string }
>(
  (slot) => sql`
    select participant.room_id, participant.user_id, participant.last_read_seq, participant.last_read_at, newest.id as message_id
    from unnest(${slot('rooms')}::uuid[]) as asked (room_id)
    cross join lateral (
      select * from chat_participants where room_id = asked.room_id and left_at is null and last_read_at is not null offset 0
    ) as participant
    cross join lateral (
      select id from chat_messages
      where room_id = participant.room_id and seq <= participant.last_read_seq and deleted_at is null
      order by seq desc limit 1
    ) as newest
    order by participant.user_id`,
)

/** How far everybody who is in one of the rooms has read there, where he has read anything that still stands. */
export async function listReadPointers(db: Queryable, roomIds: readonly string[]): Promise<ReadPointerRow[]> {
  const rows = await askPointers(db, { rooms: arrayOf(roomIds) })
  return rows.map((row) => ({
    roomId: row.room_id,
    userId: row.user_id,
    uptoSeq: Number(row.last_read_seq),
    readAt: row.last_read_at,
    messageId: row.message_id,
  }))
}

export type ReceiptRow = { user: UserRow; readAt: string | null }

/** Who is in the room has read the message, or has not; its sender is left out, and who came after it without reading back to it. */
export async function listReceipts(
  db: Queryable,
  message: { roomId: string; seq: number; senderId: number | null },
): Promise<ReceiptRow[]> {
  const rows = await db.execute<{
    id: number
    username: string
    first_name: string
    last_name: string
    email: string
    read_at: string | null
  }>(sql`
    select member.id, member.username, member.first_name, member.last_name, member.email, move.read_at
    from chat_participants as participant
    join users as member on member.id = participant.user_id
    left join lateral (
      select read.read_at from chat_reads as read
      where read.room_id = participant.room_id and read.user_id = participant.user_id and read.upto_seq >= ${message.seq}
      order by read.upto_seq limit 1
    ) as move on true
    where participant.room_id = ${message.roomId} and participant.left_at is null
      and participant.user_id is distinct from ${message.senderId}::integer
      and (move.read_at is not null or participant.last_read_seq < ${message.seq})
    order by move.read_at, participant.id`)
  return rows.map((row) => ({
    user: { id: row.id, username: row.username, firstName: row.first_name, lastName: row.last_name, email: row.email },
    readAt: row.read_at,
  }))
}
