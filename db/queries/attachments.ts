import { and, eq, isNull } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { chatMessages, chatParticipants, chatRooms, users } from '../schema.ts'

export type AttachmentRow = { key: string; name: string; size: number; type: string }

/** Undefined unless the message stands, has a file, and the reader is an active user who is in its room now. */
export async function findAttachment(db: Queryable, readerId: number, messageId: string): Promise<AttachmentRow | undefined> {
  const [row] = await db
    .select({
      key: chatMessages.attachmentKey,
      name: chatMessages.attachmentName,
      size: chatMessages.attachmentSize,
      type: chatMessages.attachmentType,
    })
    .from(chatMessages)
    .innerJoin(chatRooms, and(eq(chatRooms.id, chatMessages.roomId), isNull(chatRooms.deletedAt)))
    .innerJoin(
      chatParticipants,
      and(eq(chatParticipants.roomId, chatRooms.id), eq(chatParticipants.userId, readerId), isNull(chatParticipants.leftAt)),
    )
    .innerJoin(users, and(eq(users.id, chatParticipants.userId), eq(users.isActive, true)))
    .where(and(eq(chatMessages.id, messageId), isNull(chatMessages.deletedAt)))
  if (!row || row.key === null || row.size === null) return undefined
  return { key: row.key, size: row.size, name: row.name ?? 'attachment', type: row.type ?? 'application/octet-stream' }
}
