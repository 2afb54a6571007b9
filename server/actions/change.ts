import type { Queryable } from '../../db/open.ts'
import { type ChangeRow, insertEvent, type NewEvent } from '../../db/queries/events.ts'
import type { MessageRow } from '../../db/queries/messages.ts'
import { findParticipant, type ParticipantRow } from '../../db/queries/participants.ts'
import { lockRoom, type RoomRow } from '../../db/queries/rooms.ts'
import { type ControlEvent, controlChannel, encodeEvents, roomChannel } from '../../schemas/bus.ts'
import { roomNotFound } from '../../schemas/errors.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { presentChange } from '../presenters/frames.ts'

/** A durable change of one room while it is made: its lock is held, and what `record` notes is announced after the commit. */
export type Change = {
  tx: Queryable
  room: RoomRow
  /** The actor's place in the room as it is under the lock. */
  standing: ParticipantRow | undefined
  /** The next place in the room's history. A message is given as it is after the change. */
  record(event: NewEvent, message?: MessageRow): Promise<void>
  /** Tells relays that the user came into the room or left it. */
  announceMembership(userId: number): void
}

/** Waits for the room's lock, checks and writes in one transaction, announces after the commit. */
export async function changeRoom<Result>(
  chat: Chat,
  actor: Actor,
  roomId: string,
  work: (change: Change) => Promise<Result>,
): Promise<Result> {
  const changes: ChangeRow[] = []
  const members: number[] = []
  const result = await chat.db.transaction(async (tx) => {
    const room = await lockRoom(tx, roomId)
    if (!room) throw roomNotFound()
    const standing = await findParticipant(tx, roomId, actor.id)
    const record = async (event: NewEvent, message?: MessageRow) => {
      const seq = await insertEvent(tx, roomId, event)
      changes.push({ seq, kind: event.kind, frame: event.frame, message } as ChangeRow)
    }
    return work({ tx, room, standing, record, announceMembership: (userId) => void members.push(userId) })
  })
  announceChanges(chat, roomId, changes)
  for (const userId of members) announceControl(chat, { kind: 'membership', user_id: userId, room_id: roomId })
  return result
}

/** Publishes changes that are committed. Never waits: what is lost is found by its seq. */
export function announceChanges(chat: Pick<Chat, 'bus'>, roomId: string, changes: readonly ChangeRow[]): void {
  if (changes.length === 0) return
  chat.bus.publish(roomChannel(roomId), encodeEvents(changes.map((change) => presentChange(roomId, change))))
}

export function announceControl(chat: Pick<Chat, 'bus'>, event: ControlEvent): void {
  chat.bus.publish(controlChannel, JSON.stringify(event))
}
