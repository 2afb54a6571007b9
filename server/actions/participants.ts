import {
  countMembers,
  countParticipants,
  findParticipant,
  findParticipantById,
  insertParticipants,
  listParticipants as listParticipantRows,
  markLeft,
  type ParticipantFilter,
  type ParticipantRow,
  updateAdmin,
  updateMute,
} from '../../db/queries/participants.ts'
import { findRoom } from '../../db/queries/rooms.ts'
import { listUsers } from '../../db/queries/users.ts'
import { ChatError, invalid, participantNotFound, permissionDenied } from '../../schemas/errors.ts'
import { fieldMessages } from '../../schemas/fields.ts'
import type { AddParticipant, MuteParticipant } from '../../schemas/participants.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { canLeave, canManageParticipants, canMute } from '../permissions.ts'
import { presentParticipantToAll } from '../presenters/participants.ts'
import { type Change, changeRoom } from './change.ts'
import type { PageRange } from './pages.ts'
import { announceParticipation } from './reads.ts'
import { endTyping } from './typing.ts'

export async function listParticipants(chat: Chat, actor: Actor, filter: ParticipantFilter, range: PageRange) {
  const page = await range.resolve(() => countParticipants(chat.db, actor.id, filter))
  return listParticipantRows(chat.db, actor.id, filter, page)
}

/** Anybody in the room may look. */
export async function getParticipant(chat: Chat, actor: Actor, participantId: number): Promise<ParticipantRow> {
  const participant = await findParticipantById(chat.db, participantId)
  if (!participant || participant.leftAt !== null) throw participantNotFound()
  if (!(await findParticipant(chat.db, participant.roomId, actor.id))) throw participantNotFound()
  return participant
}

export async function addParticipant(chat: Chat, actor: Actor, { room: roomId, user, is_admin }: AddParticipant): Promise<ParticipantRow> {
  if (!(await findRoom(chat.db, roomId))) throw invalid('room', `Invalid pk "${roomId}" - object does not exist.`)
  return changeRoom(chat, actor, roomId, async (change) => {
    const { tx, room, standing } = change
    if (!canManageParticipants(standing)) throw permissionDenied()
    if (room.roomType === 'direct') throw invalid('room', 'Direct rooms take no further participants')
    if (!room.isActive) throw invalid('room', 'This room is archived')
    const [newcomer] = await listUsers(tx, [user])
    if (!newcomer?.isActive) throw invalid('user', `Invalid pk "${user}" - object does not exist.`)
    const added = await joinRoom(change, actor, [{ userId: user, isAdmin: is_admin }])
    const [participant] = added
    if (!participant) throw invalid('user', 'User is already a participant in this room')
    return participant
  })
}

/** Puts users into the room and records it; who is in already is left out. */
export async function joinRoom(
  change: Change,
  actor: Actor,
  members: readonly { userId: number; isAdmin: boolean }[],
): Promise<ParticipantRow[]> {
  const { tx, room, record, announceMembership } = change
  const joined: ParticipantRow[] = []
  for (const userId of await insertParticipants(tx, room.id, members, room.lastSeq)) {
    const participant = await requireParticipant(tx, room.id, userId)
    await record({ kind: 'participant_added', actorId: actor.id, frame: { participant: presentParticipantToAll(participant) } })
    announceMembership(userId)
    joined.push(participant)
  }
  return joined
}

/** Makes an admin, or no longer one. */
export async function updateParticipant(chat: Chat, actor: Actor, participantId: number, isAdmin: boolean | undefined) {
  const { roomId } = await getParticipant(chat, actor, participantId)
  return changeRoom(chat, actor, roomId, async ({ tx, standing, record }) => {
    if (!canManageParticipants(standing)) throw permissionDenied()
    const before = await findParticipantById(tx, participantId)
    if (!before || before.leftAt !== null) throw participantNotFound()
    if (isAdmin === undefined || isAdmin === before.isAdmin) return before
    const { admins } = await countMembers(tx, roomId)
    if (!isAdmin && admins === 1) throw invalid('is_admin', 'The only admin of a room stays its admin. Assign another admin first.')
    await updateAdmin(tx, participantId, isAdmin)
    const after = { ...before, isAdmin }
    await record({ kind: 'participant_updated', actorId: actor.id, frame: { participant: presentParticipantToAll(after) } })
    return after
  })
}

/** Removes somebody, or oneself, by an admin. */
export async function removeParticipant(chat: Chat, actor: Actor, participantId: number): Promise<void> {
  const { roomId } = await getParticipant(chat, actor, participantId)
  const removed = await changeRoom(chat, actor, roomId, async (change) => {
    if (!canManageParticipants(change.standing)) throw permissionDenied()
    const participant = await findParticipantById(change.tx, participantId)
    if (!participant || participant.leftAt !== null) throw participantNotFound()
    await leaveRoomUnderLock(change, actor, participant, 'Cannot remove the only admin. Assign another admin first.')
    return participant.user
  })
  void endTyping(chat, roomId, removed)
}

/** The caller has checked that the actor may. Throws `invalid` with `refusal` when the room would be left without an admin. */
export async function leaveRoomUnderLock(change: Change, actor: Actor, participant: ParticipantRow, refusal: string): Promise<void> {
  const { tx, room, record, announceMembership } = change
  if (!canLeave(participant, room, await countMembers(tx, room.id))) throw new ChatError('invalid', { error: refusal })
  await markLeft(tx, participant)
  const frame = { participant_id: participant.id, user_id: participant.user.id }
  await record({ kind: 'participant_removed', actorId: actor.id, frame })
  announceMembership(participant.user.id)
}

/** Anybody mutes himself; nobody else. */
export async function muteParticipant(chat: Chat, actor: Actor, participantId: number, { muted, muted_until }: MuteParticipant) {
  const participant = await getParticipant(chat, actor, participantId)
  if (!canMute(actor, participant)) {
    throw new ChatError('permission_denied', { error: 'You can only mute/unmute your own participation' })
  }
  await updateMute(chat.db, participantId, muted, muted && muted_until ? storableTime(muted_until) : null)
  const changed = await getParticipant(chat, actor, participantId)
  announceParticipation(chat, changed)
  return changed
}

/** A time without an offset is in UTC. Years and offsets that are well written can still be beyond what PostgreSQL takes. */
function storableTime(asked: string): string {
  const time = new Date(/(Z|[+-]\d\d:\d\d)$/.test(asked) ? asked : `${asked}Z`)
  const year = time.getUTCFullYear()
  if (!(year >= 1 && year <= 9_999)) throw invalid('muted_until', fieldMessages.date)
  return time.toISOString()
}

async function requireParticipant(tx: Change['tx'], roomId: string, userId: number): Promise<ParticipantRow> {
  const participant = await findParticipant(tx, roomId, userId)
  if (!participant) throw new Error('a participant that was put in is not there')
  return participant
}
