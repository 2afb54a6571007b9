import { eq, type Placeholder, sql } from 'drizzle-orm'
import type { MessageType } from '../../schemas/messages.ts'
import type { Queryable } from '../open.ts'
import { prepareEach } from '../prepared.ts'
import { chatMessages } from '../schema.ts'
import type { UserRow } from './users.ts'

export type QuoteRow = {
  id: string
  sender: { id: number; username: string } | null
  content: string
  createdAt: string
  isDeleted: boolean
}

/** A message with its sender and what it quotes; either may be gone. */
export type MessageRow = {
  id: string
  roomId: string
  seq: number
  clientId: string | null
  sender: UserRow | null
  messageType: MessageType
  content: string
  attachmentKey: string | null
  attachmentName: string | null
  attachmentSize: number | null
  attachmentType: string | null
  replyToId: string | null
  quote: QuoteRow | null
  createdAt: string
  modifiedAt: string
  editedAt: string | null
  deletedAt: string | null
}

/** The largest page, as a constant: beside it the planner knows that few rows are wanted, whatever a page's own limit is. */
export const largestPage = sql.raw('100')
/** For a statement that has `chat_messages as message` and messageJoinsSql. */
export const messageColumnsSql = sql.raw(`
  message.id, message.room_id, message.seq, message.client_id, message.message_type, message.content,
  message.attachment_key, message.attachment_name, message.attachment_size, message.attachment_type,
  message.reply_to_id, message.created_at, message.modified_at, message.edited_at, message.deleted_at,
  sender.id as sender_id, sender.username as sender_username, sender.first_name as sender_first_name,
  sender.last_name as sender_last_name, sender.email as sender_email,
  quoted.id as quote_id, left(quoted.content, 100) as quote_content, quoted.created_at as quote_created_at,
  quoted.deleted_at as quote_deleted_at, quoted_sender.id as quote_sender_id, quoted_sender.username as quote_sender_username`)

export const messageJoinsSql = sql.raw(`
  left join users as sender on sender.id = message.sender_id
  left join chat_messages as quoted on quoted.id = message.reply_to_id
  left join users as quoted_sender on quoted_sender.id = quoted.sender_id`)

export type RawMessageRow = {
  id: string
  room_id: string
  seq: string
  client_id: string | null
  message_type: MessageType
  content: string
  attachment_key: string | null
  attachment_name: string | null
  attachment_size: number | null
  attachment_type: string | null
  reply_to_id: string | null
  created_at: string
  modified_at: string
  edited_at: string | null
  deleted_at: string | null
  sender_id: number | null
  sender_username: string
  sender_first_name: string
  sender_last_name: string
  sender_email: string
  quote_id: string | null
  quote_content: string
  quote_created_at: string
  quote_deleted_at: string | null
  quote_sender_id: number | null
  quote_sender_username: string
}

export function toMessageRow(row: RawMessageRow): MessageRow {
  return {
    id: row.id,
    roomId: row.room_id,
    seq: Number(row.seq),
    clientId: row.client_id,
    sender: row.sender_id === null ? null : toSender(row),
    messageType: row.message_type,
    content: row.content,
    attachmentKey: row.attachment_key,
    attachmentName: row.attachment_name,
    attachmentSize: row.attachment_size,
    attachmentType: row.attachment_type,
    replyToId: row.reply_to_id,
    quote: row.quote_id === null ? null : toQuote(row, row.quote_id),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    editedAt: row.edited_at,
    deletedAt: row.deleted_at,
  }
}

function toSender(row: RawMessageRow): UserRow | null {
  if (row.sender_id === null) return null
  return {
    id: row.sender_id,
    username: row.sender_username,
    firstName: row.sender_first_name,
    lastName: row.sender_last_name,
    email: row.sender_email,
  }
}

function toQuote(row: RawMessageRow, id: string): QuoteRow {
  return {
    id,
    sender: row.quote_sender_id === null ? null : { id: row.quote_sender_id, username: row.quote_sender_username },
    content: row.quote_content,
    createdAt: row.quote_created_at,
    isDeleted: row.quote_deleted_at !== null,
  }
}

/** A message as its reader sees it. `lastReadSeq` is the reader's pointer in its room. */
export type SeenMessageRow = MessageRow & { lastReadSeq: number }

export type RawSeenRow = RawMessageRow & { last_read_seq: string }

export function toSeenRow(row: RawSeenRow): SeenMessageRow {
  return { ...toMessageRow(row), lastReadSeq: Number(row.last_read_seq) }
}

/** Messages of the rooms that `reader` is in now; every listing starts from here, so that nobody sees another's. */
export const seenBySql = (readerId: number | Placeholder, deletedToo = false) => sql`
  from chat_participants as reader
  join chat_rooms as room on room.id = reader.room_id and room.deleted_at is null
  join chat_messages as message on message.room_id = reader.room_id ${deletedToo ? sql`` : sql`and message.deleted_at is null`}
  ${messageJoinsSql}
  where reader.user_id = ${readerId} and reader.left_at is null`

const askMessage = prepareEach<'standing' | 'deleted too', RawSeenRow, { reader: number; message: string }>(
  (which, slot) => sql`
    select reader.last_read_seq, ${messageColumnsSql}
    ${seenBySql(slot('reader'), which === 'deleted too')} and message.id = ${slot('message')}`,
)

/** Undefined when there is none, it is deleted (unless tombstones are asked for), or the reader is not in its room. */
export async function findMessage(
  db: Queryable,
  readerId: number,
  messageId: string,
  { deletedToo = false } = {},
): Promise<SeenMessageRow | undefined> {
  const [row] = await askMessage(deletedToo ? 'deleted too' : 'standing')(db, { reader: readerId, message: messageId })
  return row && toSeenRow(row)
}

/** Finds the text as it stands: `%`, `_` and `\` mean themselves. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}

/** The caller holds the room's lock, so the statement's own time, which is one for all columns, is not earlier than what was there. */
export async function updateContent(tx: Queryable, messageId: string, content: string): Promise<void> {
  await tx
    .update(chatMessages)
    .set({ content, editedAt: sql`statement_timestamp()`, modifiedAt: sql`statement_timestamp()` })
    .where(eq(chatMessages.id, messageId))
}

/** Leaves a tombstone: the text and the file's key are gone for good. The caller holds the room's lock. Returns the time. */
export async function deleteMessage(tx: Queryable, roomId: string, messageId: string, tombstone: string): Promise<string> {
  const [deleted] = await tx
    .update(chatMessages)
    .set({
      content: tombstone,
      attachmentKey: null,
      attachmentSize: null,
      deletedAt: sql`statement_timestamp()`,
      modifiedAt: sql`statement_timestamp()`,
    })
    .where(eq(chatMessages.id, messageId))
    .returning({ deletedAt: chatMessages.deletedAt })
  await tx.execute(sql`
    update chat_rooms set message_count = message_count - 1, last_message_id = (
      select id from chat_messages where room_id = ${roomId} and deleted_at is null order by seq desc limit 1)
    where id = ${roomId}`)
  if (!deleted?.deletedAt) throw new Error('a message that is to be deleted does not exist')
  return deleted.deletedAt
}
