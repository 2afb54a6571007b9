import { listChanges } from '../../db/queries/events.ts'
import { findEpoch, listHeads, listVersions } from '../../db/queries/heads.ts'
import { findParticipant, listMembersAmong, listOpenRooms } from '../../db/queries/participants.ts'
import { listReadPointers } from '../../db/queries/reads.ts'
import { findRoom } from '../../db/queries/rooms.ts'
import { findAccountOfSession } from '../../db/queries/users.ts'
import type { BackendAnswer, BackendCommand, Identity } from '../../schemas/backend.ts'
import { encodeEvents } from '../../schemas/bus.ts'
import { ChatError, roomNotFound } from '../../schemas/errors.ts'
import { Uuid } from '../../schemas/fields.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { presentChange, presentReceipt } from '../presenters/frames.ts'
import { authenticate } from './tokens.ts'

/** Who may open which socket: 401 for the token, 404 for a room that is none, 403 for one that is not his. */
export async function authorizeSocket(chat: Chat, command: BackendCommand<'authorize'>): Promise<BackendAnswer<'authorize'>> {
  const actor = await authenticate(chat, command.token)
  if (command.room_id === null) {
    const rooms = await listOpenRooms(chat.db, actor.id, null)
    return { ...identityOf(actor), room_ids: rooms.map((room) => room.roomId) }
  }
  const roomId = Uuid.safeParse(command.room_id)
  if (!roomId.success) throw roomNotFound()
  if (!(await findParticipant(chat.db, roomId.data, actor.id))) {
    throw (await findRoom(chat.db, roomId.data)) ? notParticipant() : roomNotFound()
  }
  return { ...identityOf(actor), room_ids: [roomId.data] }
}

/** A newer token for an open socket; it must be the same user's. */
export async function refreshSocket(chat: Chat, command: BackendCommand<'refresh'>): Promise<Identity> {
  const actor = await authenticate(chat, command.token)
  if (actor.id !== command.user_id) throw new ChatError('permission_denied', 'The token belongs to another user.')
  return identityOf(actor)
}

/** The versions are read before the rooms: a change between the two is asked for again, not missed. */
export async function openRooms(chat: Chat, command: BackendCommand<'open'>): Promise<BackendAnswer<'open'>> {
  const versions = await listVersions(chat.db, [command.user_id])
  const rooms = await listOpenRooms(chat.db, command.user_id, command.room_ids)
  return {
    epoch: await findEpoch(chat.db),
    membership: versions.get(command.user_id)?.membershipVersion ?? 0,
    rooms: rooms.map((room) => ({ room_id: room.roomId, seq: room.seq, unread_count: room.unreadCount })),
    archived: rooms.filter((room) => !room.isActive).map((room) => room.roomId),
  }
}

export async function replayChanges(chat: Chat, command: BackendCommand<'changes'>): Promise<BackendAnswer<'changes'>> {
  const found = await listChanges(chat.db, command.room_id, command.since, command.limit)
  if (!found) throw roomNotFound()
  const events = found.changes.map((change) => presentChange(command.room_id, change))
  return { head: found.head, epoch: await findEpoch(chat.db), events: encodeEvents(events) }
}

export async function replayReads(chat: Chat, command: BackendCommand<'reads'>): Promise<BackendAnswer<'reads'>> {
  const pointers = await listReadPointers(chat.db, command.room_id)
  return { events: encodeEvents(pointers.map((pointer) => presentReceipt(command.room_id, pointer.userId, pointer))) }
}

export async function readHeads(chat: Chat, command: BackendCommand<'heads'>): Promise<BackendAnswer<'heads'>> {
  const [epoch, heads, versions] = await Promise.all([
    findEpoch(chat.db),
    listHeads(chat.db, command.room_ids),
    listVersions(chat.db, command.user_ids),
  ])
  return {
    epoch,
    seqs: command.room_ids.map((id) => heads.get(id) ?? null),
    versions: command.user_ids.map((id) => versions.get(id)?.sessionVersion ?? null),
    memberships: command.user_ids.map((id) => versions.get(id)?.membershipVersion ?? null),
  }
}

export async function checkSessions(chat: Chat, command: BackendCommand<'sessions'>): Promise<BackendAnswer<'sessions'>> {
  const valid = command.sessions.map(async ({ user_id, session }) => {
    const account = await findAccountOfSession(chat.db, user_id, session)
    return account?.isActive === true && !account.revoked
  })
  return { epoch: await findEpoch(chat.db), valid: await Promise.all(valid) }
}

export async function checkMembers(chat: Chat, command: BackendCommand<'members'>): Promise<BackendAnswer<'members'>> {
  const [members, room] = await Promise.all([
    listMembersAmong(chat.db, command.room_id, command.user_ids),
    findRoom(chat.db, command.room_id),
  ])
  return { present: command.user_ids.map((id) => members.has(id)), archived: room?.isActive === false }
}

function identityOf(actor: Actor): Identity {
  return {
    user_id: actor.id,
    username: actor.username,
    expires_at: actor.expiresAt,
    session: actor.session,
    session_version: actor.sessionVersion,
  }
}

function notParticipant(): ChatError {
  return new ChatError('not_participant', 'You are not a participant in this room')
}
