import { sql } from 'drizzle-orm'
import type { MessageType } from '../../schemas/messages.ts'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import type { MessageRow } from './messages.ts'

/** A checked message on its way into the database. `id` is chosen by the sender's server. */
export type NewMessage = {
  id: string
  roomId: string
  senderId: number
  clientId: string | null
  content: string
  messageType: Exclude<MessageType, 'system'>
  replyToId: string | null
  attachment: { key: string; name: string; size: number; type: string } | null
}

/** `repeated`: the `client_id` was known, `message` names the original. The others store nothing. */
export type SendOutcome =
  | { outcome: 'sent'; message: MessageRow }
  | { outcome: 'repeated'; messageId: string; seq: number }
  | { outcome: 'conflict' | 'not_participant' | 'user_inactive' | 'archived' | 'reply_elsewhere' }

type SendRow = {
  position: number
  outcome: SendOutcome['outcome']
  id: string
  seq: string
  created_at: string
  sender_username: string
  sender_first_name: string
  sender_last_name: string
  sender_email: string
  quote_id: string | null
  quote_sender_id: number | null
  quote_sender_username: string
  quote_content: string
  quote_created_at: string
}

const askSend = prepare<SendRow, { batch: string }>((slot) => sql`select * from chat_send(${slot('batch')}::json)`)

/**
 * Stores the messages in one transaction, in their order, each by its own merits (migration `send`). Outcomes come back in the
 * order of the messages. No two of a batch may have the same room, sender and `client_id`.
 */
export async function insertMessages(db: Queryable, messages: readonly NewMessage[]): Promise<SendOutcome[]> {
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

function toOutcome(message: NewMessage, row: SendRow): SendOutcome {
  if (row.outcome === 'repeated') return { outcome: 'repeated', messageId: row.id, seq: Number(row.seq) }
  if (row.outcome !== 'sent') return { outcome: row.outcome }
  return { outcome: 'sent', message: toStoredRow(message, row) }
}

function toStoredRow(message: NewMessage, row: SendRow): MessageRow {
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

function toQuote(row: SendRow, id: string): MessageRow['quote'] {
  return {
    id,
    sender: row.quote_sender_id === null ? null : { id: row.quote_sender_id, username: row.quote_sender_username },
    content: row.quote_content,
    createdAt: row.quote_created_at,
    isDeleted: false,
  }
}
