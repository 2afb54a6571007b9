import type { MessageRow, QuoteRow, SeenMessageRow } from '../../db/queries/messages.ts'
import type { ReadRow } from '../../db/queries/reads.ts'
import type { Message, Quote } from '../../schemas/messages.ts'
import type { FrameMessage } from '../../schemas/socket.ts'
import { presentTime, presentTimeOrNull } from './times.ts'
import { fullName, presentUser } from './users.ts'

/** What stands where a message was. */
export const tombstone = '[Message deleted]'

/** For whom an answer is made. */
export type Viewer = {
  userId: number
  /** A link to the message's file that opens without headers, for this viewer only. */
  attachmentLink(messageId: string): string
}

/** `reads` are the moves of the message's room, or of many (listReads). */
export function presentMessage(row: SeenMessageRow, reads: readonly ReadRow[], viewer: Viewer): Message {
  const readBy = presentReads(row, reads)
  return {
    id: row.id,
    room: row.roomId,
    room_id: row.roomId,
    seq: row.seq,
    client_id: row.clientId,
    sender: row.sender && presentUser(row.sender),
    message_type: row.messageType,
    content: row.content,
    attachment: row.attachmentKey === null ? null : viewer.attachmentLink(row.id),
    attachment_name: row.attachmentName,
    attachment_size: row.attachmentSize,
    reply_to: row.quote && presentQuote(row.quote),
    reply_to_id: row.replyToId,
    created_at: presentTime(row.createdAt),
    modified_at: presentTime(row.modifiedAt),
    is_edited: row.editedAt !== null,
    edited_at: presentTimeOrNull(row.editedAt),
    is_deleted: row.deletedAt !== null,
    deleted_at: presentTimeOrNull(row.deletedAt),
    is_read: row.sender?.id === viewer.userId || row.seq <= row.lastReadSeq,
    read_count: Object.keys(readBy).length,
    read_by: readBy,
  }
}

/** By user, the time of the move of his pointer that reached the message. Moves come in order, so the first that reaches it is the one. */
function presentReads(row: SeenMessageRow, reads: readonly ReadRow[]): Record<string, string> {
  const readBy: Record<string, string> = {}
  for (const read of reads) {
    if (read.roomId !== row.roomId || read.uptoSeq < row.seq || read.userId in readBy) continue
    readBy[read.userId] = presentTime(read.readAt)
  }
  return readBy
}

function presentQuote(quote: QuoteRow): Quote {
  const { id, sender, content, createdAt } = quote
  return { id, sender, content: quote.isDeleted ? tombstone : content, created_at: presentTime(createdAt) }
}

export function presentFrameMessage(row: MessageRow): FrameMessage {
  return {
    id: row.id,
    room_id: row.roomId,
    seq: row.seq,
    client_id: row.clientId,
    sender: row.sender && { id: row.sender.id, username: row.sender.username, full_name: fullName(row.sender) },
    content: row.content,
    message_type: row.messageType,
    attachment_name: row.attachmentName,
    attachment_size: row.attachmentSize,
    reply_to_id: row.replyToId,
    reply_to: row.quote && presentQuote(row.quote),
    created_at: presentTime(row.createdAt),
    is_edited: row.editedAt !== null,
    edited_at: presentTimeOrNull(row.editedAt),
    is_deleted: row.deletedAt !== null,
  }
}
