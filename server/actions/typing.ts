import { findParticipant } from '../../db/queries/participants.ts'
import { listUsers } from '../../db/queries/users.ts'
import { encodeEvents, roomChannel } from '../../schemas/bus.ts'
import type { Typing } from '../../schemas/typing.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { presentTypingEnded } from '../presenters/frames.ts'
import { presentUser } from '../presenters/users.ts'

/** Who has typed in the room in the last 10 seconds, me left out; to outsiders nobody. */
export async function listTyping(chat: Chat, actor: Actor, roomId: string): Promise<Typing[]> {
  if (!(await findParticipant(chat.db, roomId, actor.id))) return []
  const entries = (await chat.bus.listTyping(roomId)).filter((entry) => entry.userId !== actor.id)
  const startedAt = new Map(entries.map((entry) => [entry.userId, entry.startedAt]))
  const users = await listUsers(chat.db, [...startedAt.keys()])
  return users.map((user) => ({
    id: user.id,
    room: roomId,
    user: presentUser(user),
    started_at: new Date(startedAt.get(user.id) ?? 0).toISOString(),
  }))
}

/** Who has sent a message, or left, no longer types; others are told. Never waited for. */
export async function endTyping(chat: Pick<Chat, 'bus'>, roomId: string, user: { id: number; username: string }): Promise<void> {
  if (await chat.bus.stopTyping(roomId, user.id)) {
    chat.bus.publish(roomChannel(roomId), encodeEvents([presentTypingEnded(roomId, user)]))
  }
}
