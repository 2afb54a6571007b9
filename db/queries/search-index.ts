import { sql } from 'drizzle-orm'
import type { Database, Queryable } from '../open.ts'

/** Of one step, whose transaction takes about a tenth of a second at most. */
const roomsAtOnce = 20
const changesAtOnce = 1000

/**
 * Rooms in which messages were sent, edited or deleted at most `seconds` ago, as two indexes tell: message ids begin with
 * their time. Of many messages only the newest are looked at. A hint: what it misses, listRoomsBehind has.
 */
export async function listLivelyRooms(db: Queryable, seconds: number): Promise<string[]> {
  const since = Date.now() - seconds * 1000
  const rows = await db.execute<{ room_id: string }>(sql`
    with lively as (
      (select room_id from chat_messages where id between ${lowestIdAt(since)} and ${lowestIdAt(since + 120_000)} order by id desc limit 2000)
      union
      (select room_id from chat_events where message_id is not null and created_at > now() - make_interval(secs => ${seconds})
       order by created_at desc limit 2000)
    )
    select room.id as room_id from lively join chat_rooms as room on room.id = lively.room_id
    left join chat_search_progress as progress on progress.room_id = room.id
    where room.deleted_at is null and room.last_seq > coalesce(progress.upto_seq, 0)`)
  return rows.map((row) => row.room_id)
}

/** The lowest UUID of version 7 of the moment. */
function lowestIdAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** Every room that is not wholly in the index, looked for among all rooms. */
export async function listRoomsBehind(db: Queryable): Promise<string[]> {
  const rows = await db.execute<{ id: string }>(sql`
    select room.id from chat_rooms as room left join chat_search_progress as progress on progress.room_id = room.id
    where room.deleted_at is null and room.last_seq > coalesce(progress.upto_seq, 0)`)
  return rows.map((row) => row.id)
}

/**
 * Takes the first of the rooms one step on in the index, and says how many changes that were. Rooms that another server works on are left
 * to it. Locks nothing that a send, an edit or a reader waits for, and does not wait for the disk: what a crash loses is indexed again.
 */
export async function indexStep(db: Database, roomIds: readonly string[]): Promise<number> {
  const asked = JSON.stringify(roomIds.slice(0, roomsAtOnce))
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local synchronous_commit = off`)
    await tx.execute(sql`
      insert into chat_search_progress (room_id) select value::uuid from json_array_elements_text(${asked}::json) on conflict do nothing`)
    const claimed = await tx.execute<{ room_id: string; upto_seq: string }>(sql`
      select room_id, upto_seq from chat_search_progress
      where room_id in (select value::uuid from json_array_elements_text(${asked}::json)) for update skip locked`)
    return claimed.length === 0 ? 0 : writeEntries(tx, JSON.stringify(claimed), changesAtOnce / claimed.length)
  })
}

/** A statement of its own, after the rooms are claimed: it sees all that the former holder of the claim wrote. */
async function writeEntries(tx: Queryable, claimed: string, changesOfARoom: number): Promise<number> {
  const [row] = await tx.execute<{ changes: number }>(sql`
    with span as materialized (
      select room.id as room_id, claim.upto_seq as since, least(room.last_seq, claim.upto_seq + ${Math.ceil(changesOfARoom)}) as upto
      from json_to_recordset(${claimed}::json) as claim (room_id uuid, upto_seq bigint)
      join chat_rooms as room on room.id = claim.room_id and room.last_seq > claim.upto_seq
    ), changed as materialized (
      select message.room_id, message.seq, message.created_at, message.deleted_at, chat_fold(message.content) as folded
      from (
        select span.room_id, message.seq from span join chat_messages as message
          on message.room_id = span.room_id and message.seq > span.since and message.seq <= span.upto
        union
        select span.room_id, message.seq from span
        join chat_events as event on event.room_id = span.room_id and event.seq > span.since and event.seq <= span.upto
        join chat_messages as message on message.id = event.message_id
      ) as touched
      join chat_messages as message on message.room_id = touched.room_id and message.seq = touched.seq
    ), removed as (
      delete from chat_search as entry using changed
      where changed.deleted_at is not null and entry.room_id = changed.room_id and entry.seq = changed.seq
    ), put as (
      insert into chat_search (room_id, seq, created_at, folded, document)
      select room_id, seq, created_at, folded, chat_search_document(folded) from changed
      where deleted_at is null and folded <> ''
      order by room_id, seq
      on conflict (room_id, seq) do update set folded = excluded.folded, document = excluded.document
    ), advanced as (
      update chat_search_progress as progress set upto_seq = span.upto from span where progress.room_id = span.room_id
    )
    select coalesce(sum(upto - since), 0)::int as changes from span`)
  return row?.changes ?? 0
}

/** Every room is to be indexed from its beginning. What is in the index stays until it is overwritten, so that search goes on. */
export async function resetProgress(db: Queryable): Promise<void> {
  await db.execute(sql`update chat_search_progress set upto_seq = 0`)
}
