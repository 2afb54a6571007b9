import { and, eq, isNull, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { arrayOf, prepare, prepareEach } from '../prepared.ts'
import { chatParticipants } from '../schema.ts'
import type { UserRow } from './users.ts'

/** A user in a room, now or formerly. */
export type ParticipantRow = {
  id: number
  roomId: string
  user: UserRow
  isAdmin: boolean
  joinedAt: string
  leftAt: string | null
  lastReadSeq: number
  lastReadAt: string | null
  /** Muted at this moment. */
  isMuted: boolean
  mutedUntil: string | null
  unreadCount: number
  /** Null unless the user marked something unread. */
  unreadFromSeq: number | null
}

type RawParticipantRow = {
  participant_id: number
  room_id: string
  user_id: number
  username: string
  first_name: string
  last_name: string
  email: string
  is_admin: boolean
  joined_at: string
  left_at: string | null
  last_read_seq: string
  last_read_at: string | null
  is_muted: boolean
  muted_until: string | null
  unread_count: number
  unread_from_seq: string | null
}

function toParticipantRow(row: RawParticipantRow): ParticipantRow {
  return {
    id: row.participant_id,
    roomId: row.room_id,
    user: { id: row.user_id, username: row.username, firstName: row.first_name, lastName: row.last_name, email: row.email },
    isAdmin: row.is_admin,
    joinedAt: row.joined_at,
    leftAt: row.left_at,
    lastReadSeq: Number(row.last_read_seq),
    lastReadAt: row.last_read_at,
    isMuted: row.is_muted,
    mutedUntil: row.is_muted ? row.muted_until : null,
    unreadCount: row.unread_count,
    unreadFromSeq: row.unread_from_seq === null ? null : Number(row.unread_from_seq),
  }
}

/** The last seq that counts as read for the participant himself; for a statement with `participant`. `least` passes over null. */
const readUptoSql = sql.raw('least(participant.last_read_seq, participant.unread_from_seq - 1)')

/**
 * Messages above it, not deleted, not one's own; for a statement with `participant` and `room`. Every seq is a message or an event, so the
 * unread are all seqs above less what is none of them. That is counted with one index each, and does not grow with what others said. In a
 * room that is read to its end, as most are, nothing is counted.
 */
export const unreadCountSql = sql`(case when room.last_seq <= ${readUptoSql} then 0 else room.last_seq - ${readUptoSql}
  - (select count(*) from chat_events as event where event.room_id = participant.room_id and event.seq > ${readUptoSql})
  - (select count(*) from chat_messages as deleted
     where deleted.room_id = participant.room_id and deleted.seq > ${readUptoSql} and deleted.deleted_at is not null)
  - (select count(*) from chat_messages as own
     where own.room_id = participant.room_id and own.sender_id = participant.user_id and own.seq > ${readUptoSql} and own.deleted_at is null)
end)::int`

/** Whether a mute counts now; for a statement with `participant`. */
export const isMutedSql = sql.raw('(participant.is_muted and (participant.muted_until is null or participant.muted_until > now()))')

/**
 * For a statement with `room`: whether it stands and the user is in it. The ids of all his rooms are found in one walk through the index, which costs
 * less than one by one. That a room stands is said so that no index but that of the ids fits: one of those that stand was read whole.
 */
export const isMineSql = (user: number | Placeholder): SQL => sql`(
  coalesce(room.deleted_at, 'infinity') = 'infinity' and room.id = any(array(
    select mine.room_id from chat_participants as mine where mine.user_id = ${user}::integer and mine.left_at is null)))`

const columnsSql = sql`
  participant.id as participant_id, participant.room_id, participant.is_admin, participant.joined_at, participant.left_at,
  participant.last_read_seq, participant.last_read_at, participant.unread_from_seq, participant.muted_until, ${isMutedSql} as is_muted,
  member.id as user_id, member.username, member.first_name, member.last_name, member.email, ${unreadCountSql} as unread_count`

/** For a statement that counts with unreadCountSql. That a room stands is said as in isMineSql. */
export const fromParticipantsSql = sql`
  from chat_participants as participant
  join users as member on member.id = participant.user_id
  join chat_rooms as room on room.id = participant.room_id and coalesce(room.deleted_at, 'infinity') = 'infinity'`

const askParticipant = prepare<RawParticipantRow, { room: string; user: number }>(
  (slot) => sql`
    select ${columnsSql} ${fromParticipantsSql}
    where participant.room_id = ${slot('room')} and participant.user_id = ${slot('user')} and participant.left_at is null`,
)

/** The user's place in the room; undefined when he is not in it now. */
export async function findParticipant(db: Queryable, roomId: string, userId: number): Promise<ParticipantRow | undefined> {
  const [row] = await askParticipant(db, { room: roomId, user: userId })
  return row && toParticipantRow(row)
}

/** Also one who has left. */
export async function findParticipantById(db: Queryable, participantId: number): Promise<ParticipantRow | undefined> {
  const [row] = await db.execute<RawParticipantRow>(
    sql`select ${columnsSql} ${fromParticipantsSql} where participant.id = ${participantId}`,
  )
  return row && toParticipantRow(row)
}

const askMembers = prepare<RawParticipantRow, { room: string }>(
  (slot) => sql`
    select ${columnsSql} ${fromParticipantsSql}
    where participant.room_id = ${slot('room')} and participant.left_at is null order by participant.id`,
)

/** Who is in the room now, in the order of joining. */
export async function listParticipantsOfRoom(db: Queryable, roomId: string): Promise<ParticipantRow[]> {
  const rows = await askMembers(db, { room: roomId })
  return rows.map(toParticipantRow)
}

export type ParticipantFilter = { roomId?: string; userId?: number; isAdmin?: boolean }

type Readable = { reader: number } & ParticipantFilter

/** Who is in the reader's rooms, by the filters of those names. */
const readableSql = (names: string, slot: (name: keyof Readable) => Placeholder): SQL => sql`
  where participant.left_at is null
    and exists (select 1 from chat_participants as reader
      where reader.room_id = participant.room_id and reader.user_id = ${slot('reader')} and reader.left_at is null)
    ${names.includes('roomId') ? sql`and participant.room_id = ${slot('roomId')}` : sql``}
    ${names.includes('userId') ? sql`and participant.user_id = ${slot('userId')}` : sql``}
    ${names.includes('isAdmin') ? sql`and participant.is_admin = ${slot('isAdmin')}` : sql``}`

const filterNames = ['roomId', 'userId', 'isAdmin'] as const
const namesIn = (filter: ParticipantFilter): string => filterNames.filter((name) => filter[name] !== undefined).join(' ')

const askReadable = prepareEach<string, RawParticipantRow & { count: number }, Readable & { limit: number; offset: number }>(
  (names, slot) => sql`
    select (select count(*)::int ${fromParticipantsSql} ${readableSql(names, slot)}) as count, ${columnsSql} ${fromParticipantsSql} ${readableSql(names, slot)}
    order by participant.id limit ${slot('limit')} offset ${slot('offset')}`,
)

/** One page of who is in the reader's rooms, and how many there are: with one statement. `count` is 0 past the end. */
export async function listParticipants(
  db: Queryable,
  readerId: number,
  filter: ParticipantFilter,
  page: { limit: number; offset: number },
): Promise<{ count: number; participants: ParticipantRow[] }> {
  const rows = await askReadable(namesIn(filter))(db, { reader: readerId, ...filter, ...page })
  return { count: rows[0]?.count ?? 0, participants: rows.map(toParticipantRow) }
}

const askReadableCount = prepareEach<string, { count: number }, Readable>(
  (names, slot) => sql`select count(*)::int as count ${fromParticipantsSql} ${readableSql(names, slot)}`,
)

export async function countParticipants(db: Queryable, readerId: number, filter: ParticipantFilter): Promise<number> {
  const [row] = await askReadableCount(namesIn(filter))(db, { reader: readerId, ...filter })
  return row?.count ?? 0
}

/**
 * Puts users into a room whose lock the caller holds; who had left comes back. What was said before `head` does not
 * count as unread. Who is in already stays as he is. Returns the ids of those who were not.
 */
export async function insertParticipants(
  tx: Queryable,
  roomId: string,
  members: readonly { userId: number; isAdmin: boolean }[],
  head: number,
): Promise<number[]> {
  if (members.length === 0) return []
  const rows = await tx
    .insert(chatParticipants)
    .values(members.map((member) => ({ roomId, ...member, lastReadSeq: head })))
    .onConflictDoUpdate({
      target: [chatParticipants.roomId, chatParticipants.userId],
      set: {
        leftAt: null,
        isAdmin: sql`excluded.is_admin`,
        joinedAt: sql`now()`,
        unreadFromSeq: null,
        lastReadSeq: sql`greatest(${chatParticipants.lastReadSeq}, excluded.last_read_seq)`,
      },
      setWhere: sql`${chatParticipants.leftAt} is not null`,
    })
    .returning({ userId: chatParticipants.userId })
  const joined = rows.map((row) => row.userId)
  await raiseMembershipVersions(tx, joined)
  return joined
}

export async function markLeft(tx: Queryable, participant: { id: number; user: { id: number } }): Promise<void> {
  await tx.update(chatParticipants).set({ leftAt: sql`now()`, isAdmin: false }).where(eq(chatParticipants.id, participant.id))
  await raiseMembershipVersions(tx, [participant.user.id])
}

/** The users are locked in the order of their ids: two rooms that take in the same people do not wait for each other. */
async function raiseMembershipVersions(tx: Queryable, userIds: readonly number[]): Promise<void> {
  if (userIds.length === 0) return
  await tx.execute(sql`
    update users set membership_version = membership_version + 1
    from (
      select id from users where id in (select value::int from json_array_elements_text(${JSON.stringify(userIds)}::json))
      order by id for no key update
    ) as moved
    where users.id = moved.id`)
}

export async function updateAdmin(tx: Queryable, participantId: number, isAdmin: boolean): Promise<void> {
  await tx.update(chatParticipants).set({ isAdmin }).where(eq(chatParticipants.id, participantId))
}

export async function updateMute(db: Queryable, participantId: number, isMuted: boolean, mutedUntil: string | null): Promise<void> {
  await db.update(chatParticipants).set({ isMuted, mutedUntil }).where(eq(chatParticipants.id, participantId))
}

/** How many are in the room now, and how many of them are admins. */
export async function countMembers(db: Queryable, roomId: string): Promise<{ members: number; admins: number }> {
  const [row] = await db
    .select({ members: sql<number>`count(*)::int`, admins: sql<number>`(count(*) filter (where ${chatParticipants.isAdmin}))::int` })
    .from(chatParticipants)
    .where(and(eq(chatParticipants.roomId, roomId), isNull(chatParticipants.leftAt)))
  return row ?? { members: 0, admins: 0 }
}

const askAmong = prepare<{ user_id: number }, { room: string; users: string }>(
  (slot) => sql`
    select participant.user_id ${fromParticipantsSql}
    where participant.room_id = ${slot('room')} and participant.left_at is null and participant.user_id = any(${slot('users')}::integer[])`,
)

/** Which of the users are in the room now. */
export async function listMembersAmong(db: Queryable, roomId: string, userIds: readonly number[]): Promise<Set<number>> {
  const rows = await askAmong(db, { room: roomId, users: arrayOf(userIds) })
  return new Set(rows.map((row) => row.user_id))
}

type RawOpenRow = { room_id: string; last_seq: string; is_active: boolean; unread_count: number }

const askOpenRooms = prepareEach<'all' | 'among', RawOpenRow, { user: number; rooms: string }>(
  (which, slot) => sql`
    select participant.room_id, room.last_seq, room.is_active, ${unreadCountSql} as unread_count ${fromParticipantsSql}
    where participant.user_id = ${slot('user')} and participant.left_at is null
      ${which === 'among' ? sql`and participant.room_id = any(${slot('rooms')}::uuid[])` : sql``}
    order by room.modified_at desc`,
)

/** The heads and unread counts of the user's rooms, and whether they can be written: of those asked for, or of all. */
export async function listOpenRooms(
  db: Queryable,
  userId: number,
  roomIds: readonly string[] | null,
): Promise<{ roomId: string; seq: number; isActive: boolean; unreadCount: number }[]> {
  const rows = await askOpenRooms(roomIds ? 'among' : 'all')(db, { user: userId, rooms: arrayOf(roomIds ?? []) })
  return rows.map((row) => ({ roomId: row.room_id, seq: Number(row.last_seq), isActive: row.is_active, unreadCount: row.unread_count }))
}

export type UnreadRow = { roomId: string; unreadCount: number; isMuted: boolean }

/** Rooms that are read to their end are told apart first, all in one go (migration `rooms_behind`): most are, and then there is nothing to count. */
const askUnread = prepare<{ room_id: string; unread_count: number; is_muted: boolean }, { user: number }>(
  (slot) => sql`
    select * from (
      select participant.room_id, room.modified_at, ${unreadCountSql} as unread_count, ${isMutedSql} as is_muted
      from chat_rooms_behind(${slot('user')}) as room
      cross join lateral (select * from chat_participants where chat_participants.id = room.participant_id offset 0) as participant
    ) as mine
    where unread_count > 0 order by modified_at desc`,
)

/** The user's rooms with something unread. */
export async function listUnread(db: Queryable, userId: number): Promise<UnreadRow[]> {
  const rows = await askUnread(db, { user: userId })
  return rows.map((row) => ({ roomId: row.room_id, unreadCount: row.unread_count, isMuted: row.is_muted }))
}
