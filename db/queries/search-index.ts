import { sql } from 'drizzle-orm'
import type { Database, Queryable } from '../open.ts'

/** Of one step: its transaction takes about 150 ms. */
export const roomsAtOnce = 20
const changesAtOnce = 1000

/**
 * Rooms in which messages were sent, edited or deleted at most `seconds` ago, as two indexes tell: message ids begin with
 * their time. Of many messages only the newest are looked at. A hint: what it misses, listRoomsBehind has.
 */
export async function listLivelyRooms(db: Queryable, seconds: number): Promise<string[]> {
  const since = Date.now() - Math.ceil(seconds * 1000)
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

/** How many changes a step took into the index, and which of its rooms have more. */
export type IndexStep = { changes: number; behind: string[] }

/**
 * Takes the rooms, at most 20, one step on in the index. Rooms that another server works on are left to it. Locks nothing that a send, an
 * edit or a reader waits for, and does not wait for the disk: what a crash loses is indexed again.
 */
export async function indexStep(db: Database, roomIds: readonly string[]): Promise<IndexStep> {
  const asked = sql`(select value::uuid from json_array_elements_text(${JSON.stringify(roomIds.slice(0, roomsAtOnce))}::json))`
  // By itself and in order: two servers that meet new rooms wait for each other no longer than this.
  await db.execute(sql`
    insert into chat_search_progress (room_id)
    select id from chat_rooms where id in ${asked} and not exists (select from chat_search_progress where room_id = chat_rooms.id)
    order by id on conflict do nothing`)
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local synchronous_commit = off`)
    const claimed = await tx.execute<{ room_id: string; upto_seq: string }>(sql`
      select room_id, upto_seq from chat_search_progress where room_id in ${asked} for update skip locked`)
    const rows = claimed.length === 0 ? [] : await writeEntries(tx, JSON.stringify(claimed), Math.ceil(changesAtOnce / claimed.length))
    return {
      changes: rows.reduce((sum, row) => sum + row.changes, 0),
      behind: rows.filter((row) => row.has_more).map((row) => row.room_id),
    }
  })
}

type Advance = { room_id: string; changes: number; has_more: boolean }

/** A statement of its own, after the rooms are claimed: it sees all that the former holder of the claim wrote. */
function writeEntries(tx: Queryable, claimed: string, changesOfARoom: number): Promise<Advance[]> {
  return tx.execute<Advance>(sql`
    with span as materialized (
      select room.id as room_id, room.last_seq, claim.upto_seq as since, least(room.last_seq, claim.upto_seq + ${changesOfARoom}) as upto
      from json_to_recordset(${claimed}::json) as claim (room_id uuid, upto_seq bigint)
      join chat_rooms as room on room.id = claim.room_id and room.last_seq > claim.upto_seq
    ), touched as materialized (
      select span.room_id, message.seq
      from span cross join lateral (
        select seq from chat_messages where room_id = span.room_id and seq > span.since and seq <= span.upto offset 0
      ) as message
      union
      select span.room_id, message.seq
      from span cross join lateral (
        select message_id from chat_events
        where room_id = span.room_id and seq > span.since and seq <= span.upto and message_id is not null offset 0
      ) as event cross join lateral (select seq from chat_messages where id = event.message_id limit 1) as message
    ), changed as materialized (
      select touched.room_id, touched.seq, message.created_at, message.deleted_at, chat_fold(message.content) as folded
      from touched cross join lateral (
        select created_at, deleted_at, content from chat_messages where room_id = touched.room_id and seq = touched.seq limit 1
      ) as message
    ), removed as (
      delete from chat_search as entry using changed
      where changed.deleted_at is not null and entry.room_id = changed.room_id and entry.seq = changed.seq
    ), put as (
      insert into chat_search (room_id, seq, created_at, folded, document)
      select room_id, seq, created_at, folded, chat_search_document(folded) from changed
      where deleted_at is null and folded <> ''
      on conflict (seq, room_id) do update set folded = excluded.folded, document = excluded.document
    ), advanced as (
      update chat_search_progress as progress set upto_seq = span.upto from span where progress.room_id = span.room_id
    )
    select room_id, (upto - since)::int as changes, upto < last_seq as has_more from span`)
}

/** Every room is to be indexed from its beginning. What is in the index stays until it is overwritten, so that search goes on. */
export async function resetProgress(db: Queryable): Promise<void> {
  await db.execute(sql`update chat_search_progress set upto_seq = 0`)
}
