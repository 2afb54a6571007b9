import { findMessage } from '../../db/queries/messages.ts'
import { findParticipant, listUnread as listUnreadRows, type ParticipantRow, type UnreadRow } from '../../db/queries/participants.ts'
import { listReceipts as listReceiptRows, moveReadPointer, type ReceiptRow, updateUnreadFrom } from '../../db/queries/reads.ts'
import { findSeenRoom } from '../../db/queries/rooms.ts'
import { encodeEvents, roomChannel } from '../../schemas/bus.ts'
import { messageNotFound, roomNotFound } from '../../schemas/errors.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { presentParticipationFrame, presentReceipt } from '../presenters/frames.ts'

/** Everything in the room up to now is read. `connectionId` is a socket that needs no receipt of it. */
export async function markRoomRead(chat: Chat, reader: { id: number }, roomId: string, connectionId?: string): Promise<void> {
  const room = await findSeenRoom(chat.db, roomId, reader.id)
  if (!room) throw roomNotFound()
  await movePointer(chat, reader, roomId, room.lastSeq, connectionId)
}

/** The message, and everything before it, is read. */
export async function markMessageRead(chat: Chat, reader: { id: number }, messageId: string, roomId?: string): Promise<void> {
  const message = await findMessage(chat.db, reader.id, messageId)
  if (!message || (roomId !== undefined && message.roomId !== roomId)) throw messageNotFound()
  await movePointer(chat, reader, message.roomId, message.seq)
}

/** From the message on, the room counts as unread for the actor, on all his devices. Others still see how far he has read. */
export async function markUnreadFrom(chat: Chat, actor: Actor, messageId: string): Promise<ParticipantRow> {
  const message = await findMessage(chat.db, actor.id, messageId)
  if (!message || !(await updateUnreadFrom(chat.db, message.roomId, actor.id, message.seq))) throw messageNotFound()
  const participant = await findParticipant(chat.db, message.roomId, actor.id)
  if (!participant) throw messageNotFound()
  announceParticipation(chat, participant)
  return participant
}

/** Tells the participant's own devices. */
export function announceParticipation(chat: Chat, participant: ParticipantRow): void {
  chat.bus.publish(roomChannel(participant.roomId), encodeEvents([presentParticipationFrame(participant)]))
}

/** Who has read a message that the actor may see, and who has not. */
export async function listReceipts(chat: Chat, actor: Actor, messageId: string): Promise<ReceiptRow[]> {
  const message = await findMessage(chat.db, actor.id, messageId)
  if (!message) throw messageNotFound()
  return listReceiptRows(chat.db, { roomId: message.roomId, seq: message.seq, senderId: message.sender?.id ?? null })
}

/** The actor's rooms with something unread. */
export function listUnread(chat: Chat, actor: Actor): Promise<UnreadRow[]> {
  return listUnreadRows(chat.db, actor.id)
}

async function movePointer(chat: Chat, reader: { id: number }, roomId: string, seq: number, connectionId?: string): Promise<void> {
  const move = await moveReadPointer(chat.db, roomId, reader.id, seq)
  if (move) chat.bus.publish(roomChannel(roomId), encodeEvents([presentReceipt(roomId, reader.id, move, connectionId)]))
}
