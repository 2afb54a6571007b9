import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core'
import type { MessageType } from '../schemas/messages.ts'
import type { RoomType } from '../schemas/rooms.ts'
import type { Role } from '../schemas/users.ts'

/** Times stay text, in microseconds: a JavaScript Date would cut them to milliseconds. */
const time = () => timestamp({ withTimezone: true, mode: 'string' })
const seq = () => bigint({ mode: 'number' })
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/** One row: the epoch, raised by hand after a restore that lost commits, so that clients reload. */
export const installation = pgTable(
  'installation',
  { id: integer().primaryKey().default(1), epoch: integer().notNull().default(1) },
  (table) => [check('installation_one_row', sql`${table.id} = 1`)],
)

export const users = pgTable(
  'users',
  {
    id: serial().primaryKey(),
    username: varchar({ length: 150 }).notNull().unique(),
    email: varchar({ length: 254 }).notNull().default(''),
    firstName: varchar({ length: 150 }).notNull().default(''),
    lastName: varchar({ length: 150 }).notNull().default(''),
    role: text().$type<Role>().notNull().default('staff'),
    isSuperuser: boolean().notNull().default(false),
    isActive: boolean().notNull().default(true),
    passwordHash: text().notNull(),
    /** Raised when sessions end: relays that see another number ask which sockets may stay. */
    sessionVersion: integer().notNull().default(0),
    /** Raised when the user comes into a room or leaves one: relays that see another number ask for his rooms. */
    membershipVersion: integer().notNull().default(0),
    createdAt: time().notNull().defaultNow(),
  },
  (table) => [check('users_role', sql`${table.role} in ('superuser', 'manager', 'staff', 'viewer')`)],
)

export const tasks = pgTable('tasks', {
  id: serial().primaryKey(),
  title: varchar({ length: 255 }).notNull(),
  createdAt: time().notNull().defaultNow(),
})

export const properties = pgTable('properties', {
  id: serial().primaryKey(),
  name: varchar({ length: 255 }).notNull(),
  createdAt: time().notNull().defaultNow(),
})

/** Refresh tokens that are no longer good: used up, or revoked with the whole sign-in (`session`). */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    jti: text().primaryKey(),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    session: text(),
    revoked: boolean().notNull(),
    expiresAt: time().notNull(),
    createdAt: time().notNull().defaultNow(),
  },
  (table) => [
    index('refresh_tokens_revoked_session').on(table.session).where(sql`${table.revoked}`),
    index('refresh_tokens_expires_at').on(table.expiresAt),
  ],
)

export const chatRooms = pgTable(
  'chat_rooms',
  {
    id: uuid().primaryKey(),
    name: varchar({ length: 255 }).notNull().default(''),
    roomType: text().$type<RoomType>().notNull(),
    taskId: integer().references(() => tasks.id, { onDelete: 'set null' }),
    propertyId: integer().references(() => properties.id, { onDelete: 'set null' }),
    createdById: integer().references(() => users.id, { onDelete: 'set null' }),
    /** `<lower user id>:<higher user id>`: one direct room a pair. */
    directKey: text(),
    isActive: boolean().notNull().default(true),
    archivedAt: time(),
    deletedAt: time(),
    /** Counts every durable change of the room; its lock is the room's order. */
    lastSeq: seq().notNull().default(0),
    /** The newest message that is not deleted. */
    lastMessageId: uuid(),
    /** Messages that are not deleted. */
    messageCount: integer().notNull().default(0),
    createdAt: time().notNull().defaultNow(),
    modifiedAt: time().notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('chat_rooms_direct_key').on(table.directKey).where(sql`${table.deletedAt} is null`),
    // What a message changes. That the type is one of the four, goes with the direct key, and is_active with archived_at, a trigger sees to when these change.
    check('chat_rooms_counts', sql`${table.lastSeq} >= ${table.messageCount} and ${table.messageCount} >= 0`),
  ],
)

export const chatParticipants = pgTable(
  'chat_participants',
  {
    id: serial().primaryKey(),
    roomId: uuid()
      .notNull()
      .references(() => chatRooms.id, { onDelete: 'cascade' }),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    isAdmin: boolean().notNull().default(false),
    joinedAt: time().notNull().defaultNow(),
    leftAt: time(),
    /** The read pointer: everything up to it is read. Only moves forward. */
    lastReadSeq: seq().notNull().default(0),
    lastReadAt: time(),
    /** The user wants what stands from here on to count as unread for himself, whatever he has read. Others still see how far he has. */
    unreadFromSeq: seq(),
    isMuted: boolean().notNull().default(false),
    mutedUntil: time(),
  },
  (table) => [
    unique('chat_participants_room_user').on(table.roomId, table.userId),
    index('chat_participants_rooms_of_user').on(table.userId, table.roomId).where(sql`${table.leftAt} is null`),
  ],
)

/**
 * Room and sender are no foreign keys: looking each up once more cost a third of what a message costs. Every message is written under its
 * room's lock by one who was found in it, and triggers do what the keys would when a room or a user is removed (migration `send_all`).
 */
export const chatMessages = pgTable(
  'chat_messages',
  {
    id: uuid().notNull().unique('chat_messages_id'),
    roomId: uuid().notNull(),
    seq: seq().notNull(),
    senderId: integer(),
    clientId: varchar({ length: 64 }),
    messageType: text().$type<MessageType>().notNull().default('text'),
    content: text().notNull(),
    attachmentKey: text(),
    attachmentName: varchar({ length: 255 }),
    attachmentSize: integer(),
    attachmentType: text(),
    replyToId: uuid().references((): AnyPgColumn => chatMessages.id, { onDelete: 'set null' }),
    createdAt: time().notNull(),
    modifiedAt: time().notNull(),
    editedAt: time(),
    deletedAt: time(),
  },
  (table) => [
    primaryKey({ name: 'chat_messages_pkey', columns: [table.roomId, table.seq] }),
    uniqueIndex('chat_messages_client_id').on(table.roomId, table.senderId, table.clientId).where(sql`${table.clientId} is not null`),
    // Unread messages are counted by what is not among them: one's own, and the deleted.
    index('chat_messages_of_sender').on(table.roomId, table.senderId, table.seq).where(sql`${table.deletedAt} is null`),
    index('chat_messages_deleted').on(table.roomId, table.seq).where(sql`${table.deletedAt} is not null`),
    index('chat_messages_replies').on(table.replyToId).where(sql`${table.replyToId} is not null`),
    check('chat_messages_type', sql`${table.messageType} in ('text', 'image', 'file', 'system')`),
    check('chat_messages_seq', sql`${table.seq} > 0`),
    check('chat_messages_attachment', sql`(${table.attachmentKey} is null) = (${table.attachmentSize} is null)`),
  ],
)

export type EventKind =
  | 'message_updated'
  | 'message_deleted'
  | 'room_updated'
  | 'participant_added'
  | 'participant_removed'
  | 'participant_updated'

/** Every durable change of a room but the creation of messages, which are their own events. `data` is the frame's own part, where it is not a message. */
export const chatEvents = pgTable(
  'chat_events',
  {
    roomId: uuid()
      .notNull()
      .references(() => chatRooms.id, { onDelete: 'cascade' }),
    seq: seq().notNull(),
    kind: text().$type<EventKind>().notNull(),
    actorId: integer().references(() => users.id, { onDelete: 'set null' }),
    messageId: uuid().references(() => chatMessages.id, { onDelete: 'cascade' }),
    data: jsonb().notNull().default({}),
    createdAt: time().notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: 'chat_events_pkey', columns: [table.roomId, table.seq] }),
    check(
      'chat_events_kind',
      sql`${table.kind} in ('message_updated', 'message_deleted', 'room_updated', 'participant_added', 'participant_removed', 'participant_updated')`,
    ),
    check('chat_events_message', sql`(${table.kind} like 'message%') = (${table.messageId} is not null)`),
    index('chat_events_of_messages').on(table.createdAt).where(sql`${table.messageId} is not null`),
  ],
)

/** How many of the 1024 seqs of a block are no standing message, where any is not (queries/places). Counted by triggers. */
export const chatPlaces = pgTable(
  'chat_places',
  {
    roomId: uuid()
      .notNull()
      .references(() => chatRooms.id, { onDelete: 'cascade' }),
    block: integer().notNull(),
    silent: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'chat_places_pkey', columns: [table.roomId, table.block] })],
)

/** One row for each move of a read pointer, for ever: who has read a message, and when. */
export const chatReads = pgTable(
  'chat_reads',
  {
    roomId: uuid()
      .notNull()
      .references(() => chatRooms.id, { onDelete: 'cascade' }),
    userId: integer()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    uptoSeq: seq().notNull(),
    readAt: time().notNull(),
  },
  (table) => [primaryKey({ name: 'chat_reads_pkey', columns: [table.roomId, table.userId, table.uptoSeq] })],
)

/**
 * What search looks in: the messages that stand, folded (no accents, lower case) and as the words of three languages. Filled behind the
 * sends, so it lags. One index for all: whoever looks for words names his rooms too, and pays for nobody else's.
 */
export const chatSearch = pgTable(
  'chat_search',
  {
    roomId: uuid().notNull(),
    seq: seq().notNull(),
    createdAt: time().notNull(),
    folded: text().notNull(),
    document: tsvector().notNull(),
  },
  (table) => [
    // The room last: led by the room it would be preferred to the words' index, and read the whole room.
    primaryKey({ name: 'chat_search_pkey', columns: [table.seq, table.roomId] }),
    foreignKey({
      name: 'chat_search_message',
      columns: [table.roomId, table.seq],
      foreignColumns: [chatMessages.roomId, chatMessages.seq],
    }).onDelete('cascade'),
    index('chat_search_words').using('gin', table.roomId, table.document, table.folded.op('gin_trgm_ops')),
  ],
)

/** How far each room's history is in chat_search. Its row is the lock of who works on the room: chat_rooms is never locked. */
export const chatSearchProgress = pgTable('chat_search_progress', {
  roomId: uuid().primaryKey(),
  uptoSeq: seq().notNull().default(0),
})
