import type { Queryable } from '../open.ts'
import { chatMessages, chatParticipants, chatReads, chatRooms } from '../schema.ts'

type NewRoom = typeof chatRooms.$inferInsert

/** A room with what was said in it before: `seq` is the place in `messages`, times are RFC 3339. */
export type PastRoom = {
  room: Pick<NewRoom, 'id' | 'name' | 'roomType' | 'directKey' | 'createdById'> & { createdAt: string }
  /** `read`: how many of the messages the participant has read, and when he read the last of them. */
  participants: { userId: number; isAdmin: boolean; read: { count: number; at: string } | null }[]
  messages: { id: string; senderId: number; content: string; createdAt: string; replyToId: string | null }[]
}

/** A statement has 65 535 parameters at most. */
const rowsAtOnce = 1_000

/** Writes the room as if it had been used: heads, counts and read pointers agree. */
export async function insertPastRoom(tx: Queryable, { room, participants, messages }: PastRoom): Promise<void> {
  const newest = messages.at(-1)
  await tx.insert(chatRooms).values({
    ...room,
    lastSeq: messages.length,
    messageCount: messages.length,
    lastMessageId: newest?.id,
    modifiedAt: newest?.createdAt ?? room.createdAt,
  })
  await tx.insert(chatParticipants).values(
    participants.map(({ userId, isAdmin, read }) => ({
      roomId: room.id,
      userId,
      isAdmin,
      joinedAt: room.createdAt,
      lastReadSeq: read?.count ?? 0,
      lastReadAt: read?.at,
    })),
  )
  const rows = messages.map((message, index) => ({ ...message, roomId: room.id, seq: index + 1, modifiedAt: message.createdAt }))
  for (let from = 0; from < rows.length; from += rowsAtOnce) await tx.insert(chatMessages).values(rows.slice(from, from + rowsAtOnce))
  const reads = participants.flatMap(({ userId, read }) =>
    read ? [{ roomId: room.id, userId, uptoSeq: read.count, readAt: read.at }] : [],
  )
  if (reads.length > 0) await tx.insert(chatReads).values(reads)
}
