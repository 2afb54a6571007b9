import { sql } from 'drizzle-orm'
import type { Queryable } from '../../../db/open.ts'

/** Of the room at this place. */
export const roomId = (place: number) => `00000000-0000-7000-8000-${String(place).padStart(12, '0')}`
export const messageId = (place: number, seq: number) =>
  `00000000-0000-7000-9${place.toString(16).padStart(3, '0')}-${String(seq).padStart(12, '0')}`

/**
 * Enough of everything for PostgreSQL to prefer what it prefers in a large database: 5 000 people, 4 000 rooms of five, one of them long;
 * every 10th seq an event, every 50th a deleted message. Analysed, so that plans do not depend on when that happens by itself.
 */
export async function fillChat(db: Queryable): Promise<void> {
  await db.execute(sql`insert into users (username, password_hash) select 'person-' || n, 'none' from generate_series(1, 5000) as n`)
  await db.execute(sql`
    create temporary table plan as
    select place, ('00000000-0000-7000-8000-' || lpad(place::text, 12, '0'))::uuid as room_id, case when place = 0 then 12000 else 12 end as size
    from generate_series(0, 3999) as place`)
  await db.execute(sql`insert into chat_rooms (id, room_type, last_seq) select room_id, 'group', size from plan`)
  await db.execute(sql`
    insert into chat_participants (room_id, user_id, last_read_seq)
    select room_id, 1 + (place * 7 + n * 53) % 5000, size / 2 from plan cross join generate_series(0, 4) as n`)
  await db.execute(sql`
    insert into chat_messages (id, room_id, seq, sender_id, client_id, content, created_at, modified_at)
    select ('00000000-0000-7000-9' || lpad(to_hex(place), 3, '0') || '-' || lpad(seq::text, 12, '0'))::uuid,
      room_id, seq, 1 + (place * 7 + seq % 5 * 53) % 5000, 'client-' || seq, 'said', now() + seq * interval '1 second', now()
    from plan cross join lateral generate_series(1, size) as seq where seq % 10 > 0`)
  await db.execute(
    sql`insert into chat_events (room_id, seq, kind) select room_id, seq, 'room_updated' from plan cross join lateral generate_series(10, size, 10) as seq`,
  )
  await db.execute(sql`update chat_messages set deleted_at = now() where seq % 50 = 1`)
  await db.execute(sql`
    insert into chat_reads (room_id, user_id, upto_seq, read_at)
    select room_id, user_id, last_read_seq - n, now() from chat_participants cross join generate_series(0, 2) as n`)
  await db.execute(sql`
    update chat_rooms as room set (message_count, last_message_id) = (
      select count(*), (array_agg(id order by seq desc))[1] from chat_messages where room_id = room.id and deleted_at is null)`)
  await db.execute(sql`drop table plan`)
  await db.execute(sql`analyze`)
}
