import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../../db/open.ts'

/** What must be true of the database whatever was asked of the service: each statement names the rows that break it. */
const broken: Record<string, SQL> = {
  'a history has a hole, or a number twice': sql`
    select room.id, room.last_seq, count(change.seq), count(distinct change.seq), min(change.seq), max(change.seq)
    from chat_rooms as room
    left join (select room_id, seq from chat_messages union all select room_id, seq from chat_events) as change on change.room_id = room.id
    group by room.id
    having count(change.seq) <> room.last_seq or count(distinct change.seq) <> room.last_seq
      or coalesce(max(change.seq), 0) <> room.last_seq or coalesce(min(change.seq), 1) <> 1`,
  'a room counts its messages wrongly': sql`
    select room.id, room.message_count from chat_rooms as room
    where room.message_count <> (select count(*) from chat_messages where room_id = room.id and deleted_at is null)`,
  'a room names another newest message': sql`
    select room.id, room.last_message_id from chat_rooms as room
    where room.last_message_id is distinct from (
      select id from chat_messages where room_id = room.id and deleted_at is null order by seq desc limit 1)`,
  'a message says nothing': sql`
    select id from chat_messages where btrim(content, E' \\t\\n\\r') = '' and attachment_key is null`,
  'a message is not trimmed, or too long': sql`
    select id from chat_messages where content <> btrim(content, E' \\t\\n\\r') or char_length(content) > 10000`,
  'a message is of the system': sql`select id from chat_messages where message_type = 'system'`,
  'a deleted message still has its text or file': sql`
    select id from chat_messages where deleted_at is not null and (content <> '[Message deleted]' or attachment_key is not null)`,
  'a sender was never in the room': sql`
    select message.id from chat_messages as message
    where not exists (select from chat_participants where room_id = message.room_id and user_id = message.sender_id)`,
  'a change was made by somebody who was never in the room': sql`
    select event.room_id, event.seq from chat_events as event
    where not exists (select from chat_participants where room_id = event.room_id and user_id = event.actor_id)`,
  'a reply is to a message elsewhere': sql`
    select message.id from chat_messages as message join chat_messages as quoted on quoted.id = message.reply_to_id
    where quoted.room_id <> message.room_id`,
  'an event is of a message elsewhere': sql`
    select event.room_id, event.seq from chat_events as event join chat_messages as message on message.id = event.message_id
    where message.room_id <> event.room_id`,
  'a read pointer is beyond the head': sql`
    select participant.id from chat_participants as participant join chat_rooms as room on room.id = participant.room_id
    where participant.last_read_seq > room.last_seq or participant.last_read_seq < 0`,
  'a move of a read pointer is beyond the head, or by somebody who was never in the room': sql`
    select read.room_id, read.user_id from chat_reads as read join chat_rooms as room on room.id = read.room_id
    where read.upto_seq > room.last_seq or read.upto_seq < 1
      or not exists (select from chat_participants where room_id = read.room_id and user_id = read.user_id)`,
  'a room with people in it has no admin': sql`
    select room.id from chat_rooms as room join chat_participants as member on member.room_id = room.id and member.left_at is null
    where room.room_type <> 'direct' and room.deleted_at is null group by room.id having not bool_or(member.is_admin)`,
  'a direct room has other than two people': sql`
    select room.id from chat_rooms as room join chat_participants as member on member.room_id = room.id
    where room.room_type = 'direct' group by room.id having count(*) <> 2`,
  'a time lies elsewhere than now': sql`
    select id from chat_messages where created_at not between now() - interval '1 hour' and now() + interval '1 minute'
    union all select id from chat_rooms where created_at not between now() - interval '1 hour' and now() + interval '1 minute'`,
  'a user became more than he was': sql`select id from users where is_superuser or role <> 'staff'`,
}

/** Everything that is wrong with what is stored, in words; empty when nothing is. For databases of people with the role `staff`. */
export async function findViolations(db: Database): Promise<string[]> {
  const found: string[] = []
  for (const [what, query] of Object.entries(broken)) {
    const rows = await db.execute(query)
    if (rows.length > 0) found.push(`${what}: ${JSON.stringify(rows.slice(0, 5))}`)
  }
  return found
}

/** Files that no message refers to, files that messages refer to and are not there, and halves of uploads. */
export async function findStrayFiles(db: Database, dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'attachments'), { withFileTypes: true, recursive: true })
  const files = new Set(entries.filter((entry) => entry.isFile()).map((entry) => entry.name))
  const rows = await db.execute<{ key: string }>(sql`select attachment_key as key from chat_messages where attachment_key is not null`)
  const wanted = new Set(rows.map((row) => row.key))
  return [...[...files].filter((name) => !wanted.has(name)), ...[...wanted].filter((name) => !files.has(name))]
}
