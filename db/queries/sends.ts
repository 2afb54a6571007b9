import { sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import type { MessageRow } from './messages.ts'
import type { NewMessage } from './new-message.ts'
import { insertAll, type StoredRow } from './send-all.ts'
import { insertOne } from './send-one.ts'

/** `repeated`: the `client_id` was known, `message` names the original. The others store nothing. */
export type SendOutcome =
  | { outcome: 'sent'; message: MessageRow }
  | { outcome: 'repeated'; messageId: string; seq: number }
  | { outcome: 'conflict' | 'not_participant' | 'user_inactive' | 'archived' | 'reply_elsewhere' }

type JudgedRow = StoredRow & { position: number; outcome: SendOutcome['outcome'] }

const askSend = prepare<JudgedRow, { batch: string }>((slot) => sql`select * from chat_send(${slot('batch')}::json)`)

/**
 * Stores the messages in one transaction, in their order, each by its own merits. Outcomes come back in the order of the messages. No two of a
 * batch may have the same room, sender and `client_id`. A batch with nothing to refuse, which is nearly every one, is stored as a whole (migration
 * `send_all`, and `send_one` for a message alone); any other is judged message by message (migration `send`).
 */
export async function insertMessages(db: Queryable, messages: readonly NewMessage[]): Promise<SendOutcome[]> {
  const stored = messages.every(isPlain) ? await insertWhole(db, messages) : undefined
  if (!stored) return judge(db, messages)
  const byId = new Map(stored.map((row) => [row.id, row]))
  return messages.map((message) => {
    const row = byId.get(message.id)
    if (!row) throw new Error('a batch was stored, and left a message without a row')
    return { outcome: 'sent', message: toStoredRow(message, row) }
  })
}

async function insertWhole(db: Queryable, messages: readonly NewMessage[]): Promise<StoredRow[] | undefined> {
  const [only, ...others] = messages
  if (!only || others.length > 0) return insertAll(db, messages)
  const row = await insertOne(db, only)
  return row && [row]
}

function isPlain({ attachment, messageType }: NewMessage): boolean {
  return attachment === null && messageType === 'text'
}

async function judge(db: Queryable, messages: readonly NewMessage[]): Promise<SendOutcome[]> {
  const batch = messages.map((message, position) => ({
    position,
    id: message.id,
    room_id: message.roomId,
    sender_id: message.senderId,
    client_id: message.clientId,
    content: message.content,
    message_type: message.messageType,
    reply_to_id: message.replyToId,
    attachment_key: message.attachment?.key,
    attachment_name: message.attachment?.name,
    attachment_size: message.attachment?.size,
    attachment_type: message.attachment?.type,
  }))
  const rows = await askSend(db, { batch: JSON.stringify(batch) })
  const byPosition = new Map(rows.map((row) => [row.position, row]))
  return messages.map((message, position) => {
    const row = byPosition.get(position)
    if (!row) throw new Error('chat_send left a message without an outcome')
    return toOutcome(message, row)
  })
}

function toOutcome(message: NewMessage, row: JudgedRow): SendOutcome {
  if (row.outcome === 'repeated') return { outcome: 'repeated', messageId: row.id, seq: Number(row.seq) }
  if (row.outcome !== 'sent') return { outcome: row.outcome }
  return { outcome: 'sent', message: toStoredRow(message, row) }
}

function toStoredRow(message: NewMessage, row: StoredRow): MessageRow {
  return {
    id: row.id,
    roomId: message.roomId,
    seq: Number(row.seq),
    clientId: message.clientId,
    sender: {
      id: message.senderId,
      username: row.sender_username,
      firstName: row.sender_first_name,
      lastName: row.sender_last_name,
      email: row.sender_email,
    },
    messageType: message.messageType,
    content: message.content,
    attachmentKey: message.attachment?.key ?? null,
    attachmentName: message.attachment?.name ?? null,
    attachmentSize: message.attachment?.size ?? null,
    attachmentType: message.attachment?.type ?? null,
    replyToId: message.replyToId,
    quote: row.quote_id === null ? null : toQuote(row, row.quote_id),
    createdAt: row.created_at,
    modifiedAt: row.created_at,
    editedAt: null,
    deletedAt: null,
  }
}

function toQuote(row: StoredRow, id: string): MessageRow['quote'] {
  return {
    id,
    sender: row.quote_sender_id === null ? null : { id: row.quote_sender_id, username: row.quote_sender_username },
    content: row.quote_content,
    createdAt: row.quote_created_at,
    isDeleted: false,
  }
}
