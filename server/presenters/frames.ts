import type { ChangeRow } from '../../db/queries/events.ts'
import type { ParticipantRow } from '../../db/queries/participants.ts'
import type { ReadMove } from '../../db/queries/reads.ts'
import type { BusEvent, Effect } from '../../schemas/bus.ts'
import { presentFrameMessage } from './messages.ts'
import { presentParticipation } from './participants.ts'
import { presentTime } from './times.ts'

/** A durable change as relays pass it on: the same whether it happens now or is replayed. */
export function presentChange(roomId: string, change: ChangeRow): BusEvent {
  return { seq: change.seq, effect: effectOf(change), frame: JSON.stringify(frameOf(roomId, change)) }
}

/** The frame of a change; its shape is DurableFrame. */
export function frameOf(roomId: string, change: ChangeRow): Record<string, unknown> {
  const place = { room_id: roomId, seq: change.seq }
  switch (change.kind) {
    case 'message_created':
      return { type: 'chat_message', ...place, message: presentFrameMessage(change.message) }
    case 'message_updated':
      return { type: 'message_updated', ...place, message: presentFrameMessage(change.message) }
    case 'message_deleted': {
      const { id, deletedAt, modifiedAt } = change.message
      return { type: 'message_deleted', ...place, message_id: id, deleted_at: presentTime(deletedAt ?? modifiedAt) }
    }
    default:
      return { type: change.kind, ...place, ...change.frame }
  }
}

function effectOf(change: ChangeRow): Effect | undefined {
  if (change.kind === 'participant_removed') return { kind: 'removed', userId: Number(change.frame.user_id) }
  if (change.kind !== 'room_updated') return undefined
  const room = change.frame.room as { is_deleted: boolean; is_active: boolean }
  if (room.is_deleted) return { kind: 'deleted' }
  return { kind: room.is_active ? 'restored' : 'archived' }
}

/** `connectionId` is the socket that asked for it and has its own answer. */
export function presentReceipt(roomId: string, userId: number, move: ReadMove, connectionId?: string): BusEvent {
  const frame = {
    type: 'read_receipt',
    room_id: roomId,
    message_id: move.messageId,
    user_id: userId,
    read_at: presentTime(move.readAt),
    read_seq: move.uptoSeq,
  }
  return { seq: 0, effect: connectionId ? { kind: 'origin', connectionId } : undefined, frame: JSON.stringify(frame) }
}

/** For the devices of the participant himself. */
export function presentParticipationFrame(row: ParticipantRow): BusEvent {
  const frame = { type: 'participation', ...presentParticipation(row) }
  return { seq: 0, effect: { kind: 'only', userId: row.user.id }, frame: JSON.stringify(frame) }
}

export function presentTypingEnded(roomId: string, user: { id: number; username: string }): BusEvent {
  const frame = { type: 'typing', room_id: roomId, user_id: user.id, username: user.username, is_typing: false }
  return { seq: 0, effect: { kind: 'typist', userId: user.id }, frame: JSON.stringify(frame) }
}
