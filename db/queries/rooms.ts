import { and, eq, isNull, type Placeholder, type SQL, sql } from 'drizzle-orm'
import type { MessageType } from '../../schemas/messages.ts'
import type { RoomType } from '../../schemas/rooms.ts'
import type { Queryable } from '../open.ts'
import { prepare, prepareEach } from '../prepared.ts'
import { chatRooms } from '../schema.ts'
import { likePattern } from './messages.ts'
import { isMineSql, isMutedSql, unreadCountSql } from './participants.ts'
import type { UserRow } from './users.ts'

export type RoomRow = typeof chatRooms.$inferSelect

/** Waits for the room's lock and holds it to the end of the transaction: until then nothing of the room changes. Undefined when the room is gone. */
export async function lockRoom(tx: Queryable, roomId: string): Promise<RoomRow | undefined> {
  const [row] = await tx
    .select()
    .from(chatRooms)
    .where(and(eq(chatRooms.id, roomId), isNull(chatRooms.deletedAt)))
    .for('no key update')
  return row
}

export async function findRoom(db: Queryable, roomId: string): Promise<RoomRow | undefined> {
  const [row] = await db
    .select()
    .from(chatRooms)
    .where(and(eq(chatRooms.id, roomId), isNull(chatRooms.deletedAt)))
  return row
}

/** False when the pair has its direct room already; then nothing is written. */
export async function insertRoom(tx: Queryable, room: typeof chatRooms.$inferInsert): Promise<boolean> {
  const rows = await tx.insert(chatRooms).values(room).onConflictDoNothing().returning({ id: chatRooms.id })
  return rows.length === 1
}

export async function findDirectRoomId(db: Queryable, directKey: string): Promise<string | undefined> {
  const [row] = await db
    .select({ id: chatRooms.id })
    .from(chatRooms)
    .where(and(eq(chatRooms.directKey, directKey), isNull(chatRooms.deletedAt)))
  return row?.id
}

export type RoomChange = { name?: string; isActive?: boolean; deleted?: boolean }

/** The caller holds the room's lock. */
export async function updateRoom(tx: Queryable, roomId: string, { name, isActive, deleted }: RoomChange): Promise<RoomRow> {
  const archivedAt = isActive === undefined ? undefined : isActive ? null : sql`coalesce(${chatRooms.archivedAt}, statement_timestamp())`
  const [row] = await tx
    .update(chatRooms)
    .set({
      name,
      isActive,
      archivedAt,
      deletedAt: deleted ? sql`statement_timestamp()` : undefined,
      modifiedAt: sql`statement_timestamp()`,
    })
    .where(eq(chatRooms.id, roomId))
    .returning()
  if (!row) throw new Error('a locked room does not exist')
  return row
}

/** A room as one of its participants sees it. */
export type SeenRoomRow = {
  id: string
  name: string
  roomType: RoomType
  taskId: number | null
  propertyId: number | null
  createdAt: string
  modifiedAt: string
  createdBy: UserRow | null
  isActive: boolean
  archivedAt: string | null
  lastSeq: number
  lastMessageId: string | null
  messageCount: number
  displayName: string
  unreadCount: number
  participantCount: number
  isMuted: boolean
  unreadFromSeq: number | null
  lastMessage: { messageType: MessageType; content: string; createdAt: string } | null
}

type RawRoomRow = {
  id: string
  name: string
  room_type: RoomType
  task_id: number | null
  property_id: number | null
  created_at: string
  modified_at: string
  creator_id: number | null
  creator_username: string
  creator_first_name: string
  creator_last_name: string
  creator_email: string
  is_active: boolean
  archived_at: string | null
  last_seq: string
  last_message_id: string | null
  message_count: number
  display_name: string
  unread_count: number
  participant_count: number
  is_muted: boolean
  unread_from_seq: string | null
  last_type: MessageType | null
  last_content: string
  last_created_at: string
}

function toSeenRow(row: RawRoomRow): SeenRoomRow {
  return {
    id: row.id,
    name: row.name,
    roomType: row.room_type,
    taskId: row.task_id,
    propertyId: row.property_id,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    createdBy: toCreator(row),
    isActive: row.is_active,
    archivedAt: row.archived_at,
    lastSeq: Number(row.last_seq),
    lastMessageId: row.last_message_id,
    messageCount: row.message_count,
    displayName: row.display_name,
    unreadCount: row.unread_count,
    participantCount: row.participant_count,
    isMuted: row.is_muted,
    unreadFromSeq: row.unread_from_seq === null ? null : Number(row.unread_from_seq),
    lastMessage: row.last_type && { messageType: row.last_type, content: row.last_content, createdAt: row.last_created_at },
  }
}

function toCreator(row: RawRoomRow): UserRow | null {
  if (row.creator_id === null) return null
  const { creator_id: id, creator_username: username, creator_first_name: firstName, creator_last_name: lastName } = row
  return { id, username, firstName, lastName, email: row.creator_email }
}

/** For a statement with `participant` and `room`. */
const displayNameSql = sql.raw(`(case
  when room.name <> '' then room.name
  when room.room_type = 'direct' then coalesce((
    select coalesce(nullif(trim(other.first_name || ' ' || other.last_name), ''), other.username)
    from chat_participants as peer join users as other on other.id = peer.user_id
    where peer.room_id = room.id and peer.user_id <> participant.user_id limit 1), 'Chat #' || left(room.id::text, 8))
  when room.room_type = 'task' and room.task_id is not null
    then 'Task: ' || (select title from tasks where tasks.id = room.task_id)
  when room.room_type = 'property' and room.property_id is not null
    then 'Property: ' || (select properties.name from properties where properties.id = room.property_id)
  else 'Chat #' || left(room.id::text, 8) end)`)

const seenColumnsSql = sql`
  room.id, room.name, room.room_type, room.task_id, room.property_id, room.created_at, room.modified_at, room.is_active, room.archived_at,
  room.last_seq, room.last_message_id, room.message_count, ${displayNameSql} as display_name, ${unreadCountSql} as unread_count,
  ${isMutedSql} as is_muted, participant.unread_from_seq,
  (select count(*)::int from chat_participants as member where member.room_id = room.id and member.left_at is null) as participant_count,
  creator.id as creator_id, creator.username as creator_username, creator.first_name as creator_first_name,
  creator.last_name as creator_last_name, creator.email as creator_email,
  newest.message_type as last_type, left(newest.content, 100) as last_content, newest.created_at as last_created_at`

const seenJoinsSql = sql.raw(`
  left join users as creator on creator.id = room.created_by_id
  left join chat_messages as newest on newest.id = room.last_message_id`)

const askRoom = prepare<RawRoomRow, { user: number; room: string }>(
  (slot) => sql`
    select ${seenColumnsSql}
    from chat_participants as participant
    join chat_rooms as room on room.id = participant.room_id and room.deleted_at is null
    ${seenJoinsSql}
    where participant.user_id = ${slot('user')} and participant.left_at is null and participant.room_id = ${slot('room')}`,
)

/** Undefined when the room is gone or the user is not in it now. */
export async function findSeenRoom(db: Queryable, roomId: string, userId: number): Promise<SeenRoomRow | undefined> {
  const [row] = await askRoom(db, { user: userId, room: roomId })
  return row && toSeenRow(row)
}

export type RoomFilter = {
  roomType?: RoomType
  /** Undefined: both. */
  isActive?: boolean
  /** Substring of the display name or the name. */
  search?: string
}
export type RoomOrder = 'modified_at' | '-modified_at' | 'created_at' | '-created_at'

const ordersSql: Record<RoomOrder, SQL> = {
  modified_at: sql.raw('room.modified_at, room.id'),
  '-modified_at': sql.raw('room.modified_at desc, room.id desc'),
  created_at: sql.raw('room.created_at, room.id'),
  '-created_at': sql.raw('room.created_at desc, room.id desc'),
}

/** For a statement that says `room`, and `participant.user_id`: the rooms of a user that pass the filter. */
const mineSql = (user: number | Placeholder, filter: SQL): SQL => sql`
  from (values (${user}::integer)) as participant (user_id) join chat_rooms as room on ${isMineSql(user)} ${filter}`

function filterSql({ roomType, isActive, search }: RoomFilter): SQL {
  const parts = [sql``]
  if (roomType !== undefined) parts.push(sql`and room.room_type = ${roomType}`)
  if (isActive !== undefined) parts.push(sql`and room.is_active = ${isActive}`)
  if (search !== undefined) parts.push(sql`and (room.name ilike ${likePattern(search)} or ${displayNameSql} ilike ${likePattern(search)})`)
  return sql.join(parts, sql` `)
}

type RoomPage = { order: RoomOrder; limit: number; offset: number }
type CountedRow = RawRoomRow & { count: number }

/** One page of the user's rooms, and how many there are: with one statement. `count` is 0 past the end. */
export async function listRooms(
  db: Queryable,
  userId: number,
  filter: RoomFilter,
  { order, ...page }: RoomPage,
): Promise<{ count: number; rooms: SeenRoomRow[] }> {
  const { roomType = null, isActive = null, search } = filter
  const rows =
    search === undefined
      ? await askPage(order)(db, { user: userId, type: roomType, active: isActive === null ? null : String(isActive), ...page })
      : await db.execute<CountedRow>(pageSql(mineSql(userId, filterSql(filter)), ordersSql[order], page.limit, page.offset))
  return { count: rows[0]?.count ?? 0, rooms: rows.map(toSeenRow) }
}

const askPage = prepareEach<
  RoomOrder,
  CountedRow,
  { user: number; type: string | null; active: string | null; limit: number; offset: number }
>((order, slot) => {
  const filter = sql`
      and (${slot('type')}::text is null or room.room_type = ${slot('type')}::text)
      and (${slot('active')}::text is null or room.is_active = ${slot('active')}::text::boolean)`
  return pageSql(mineSql(slot('user'), filter), ordersSql[order], slot('limit'), slot('offset'))
})

/** The page is cut before the counting columns are worked out: they cost for what is shown, not for what is there. */
function pageSql(mine: SQL, order: SQL, limit: number | Placeholder, offset: number | Placeholder): SQL {
  return sql`
    with shown as materialized (
      select participant.user_id, room.id as room_id, count(*) over ()::int as count ${mine}
      order by ${order} limit ${limit} offset ${offset}
    )
    select shown.count, ${seenColumnsSql}
    from shown
    join chat_participants as participant on participant.room_id = shown.room_id and participant.user_id = shown.user_id
    join chat_rooms as room on room.id = shown.room_id
    ${seenJoinsSql}
    order by ${order}`
}

export async function countRooms(db: Queryable, userId: number, filter: RoomFilter): Promise<number> {
  const [row] = await db.execute<{ count: number }>(sql`select count(*)::int as count ${mineSql(userId, filterSql(filter))}`)
  return row?.count ?? 0
}
