import type { ArrivalRow } from '../../db/queries/arrivals.ts'
import { listChanges } from '../../db/queries/events.ts'
import { findEpoch, listHeads, listVersions } from '../../db/queries/heads.ts'
import { listMembersAmong, listOpenRooms } from '../../db/queries/participants.ts'
import { findRoom } from '../../db/queries/rooms.ts'
import { findAccountOfSession } from '../../db/queries/users.ts'
import type { BackendAnswer, BackendCommand, Identity } from '../../schemas/backend.ts'
import { encodeEvents } from '../../schemas/bus.ts'
import { ChatError, roomNotFound } from '../../schemas/errors.ts'
import { Uuid } from '../../schemas/fields.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import type { Lookups } from '../lookups.ts'
import { presentChange, presentReceipt } from '../presenters/frames.ts'
import { authenticate, canExist, requireStanding } from './tokens.ts'

/** What relays ask works with. */
export type Asked = Chat & { lookups: Lookups }

/** Who may open which socket: 401 for the token, 404 for a room that is none, 403 for one that is not his. */
export async function authorizeSocket(chat: Asked, command: BackendCommand<'authorize'>): Promise<BackendAnswer<'authorize'>> {
  const roomId = Uuid.safeParse(command.room_id).data
  if (roomId !== undefined) return authorizeInRoom(chat, command.token, roomId)
  const actor = await authenticate(chat, command.token)
  if (command.room_id !== null) throw roomNotFound()
  const rooms = await listOpenRooms(chat.db, actor.id, null)
  return { ...identityOf(actor), room_ids: rooms.map((room) => room.roomId) }
}

async function authorizeInRoom(chat: Asked, token: string, roomId: string): Promise<BackendAnswer<'authorize'>> {
  const claims = chat.tokens.verify(token, 'access')
  const arrival = { userId: claims.user_id, session: claims.sid ?? null, roomId }
  const { account, stands, isParticipant } = canExist(claims) ? await chat.lookups.arrival(arrival) : nobody
  requireStanding(account)
  if (!stands) throw roomNotFound()
  if (!isParticipant) throw new ChatError('not_participant', 'You are not a participant in this room')
  const { username, sessionVersion } = account
  const bearer = { id: arrival.userId, username, session: arrival.session, sessionVersion, expiresAt: claims.exp * 1000 }
  return { ...identityOf(bearer), room_ids: [roomId] }
}

/** A newer token for an open socket; it must be the same user's. */
export async function refreshSocket(chat: Chat, command: BackendCommand<'refresh'>): Promise<Identity> {
  const actor = await authenticate(chat, command.token)
  if (actor.id !== command.user_id) throw new ChatError('permission_denied', 'The token belongs to another user.')
  return identityOf(actor)
}

export async function openRooms(chat: Asked, { user_id, room_ids }: BackendCommand<'open'>): Promise<BackendAnswer<'open'>> {
  const [only, another] = room_ids ?? []
  return only !== undefined && another === undefined ? openRoom(chat, user_id, only) : openSeveral(chat, user_id, room_ids)
}

async function openRoom(chat: Asked, userId: number, roomId: string): Promise<BackendAnswer<'open'>> {
  const { epoch, membershipVersion: membership, room } = await chat.lookups.openPlace({ userId, roomId })
  if (!room) return { epoch, membership, rooms: [], archived: [] }
  const found = { room_id: roomId.toLowerCase(), seq: room.seq, unread_count: room.unreadCount }
  return { epoch, membership, rooms: [found], archived: room.isActive ? [] : [found.room_id] }
}

/** The versions are read before the rooms: a change between the two is asked for again, not missed. */
async function openSeveral(chat: Chat, userId: number, roomIds: readonly string[] | null): Promise<BackendAnswer<'open'>> {
  const versions = await listVersions(chat.db, [userId])
  const rooms = await listOpenRooms(chat.db, userId, roomIds)
  return {
    epoch: await findEpoch(chat.db),
    membership: versions.get(userId)?.membershipVersion ?? 0,
    rooms: rooms.map((room) => ({ room_id: room.roomId, seq: room.seq, unread_count: room.unreadCount })),
    archived: rooms.filter((room) => !room.isActive).map((room) => room.roomId),
  }
}

export async function replayChanges(chat: Chat, command: BackendCommand<'changes'>): Promise<BackendAnswer<'changes'>> {
  const found = await listChanges(chat.db, command.room_id, command.since, command.limit)
  if (!found) throw roomNotFound()
  const events = found.changes.map((change) => presentChange(command.room_id, change))
  return { head: found.head, epoch: found.epoch, events: encodeEvents(events) }
}

export async function replayReads(chat: Asked, command: BackendCommand<'reads'>): Promise<BackendAnswer<'reads'>> {
  const pointers = await chat.lookups.readPointers(command.room_id.toLowerCase())
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

type Bearer = Pick<Actor, 'id' | 'username' | 'session' | 'sessionVersion' | 'expiresAt'>

function identityOf(bearer: Bearer): Identity {
  return {
    user_id: bearer.id,
    username: bearer.username,
    expires_at: bearer.expiresAt,
    session: bearer.session,
    session_version: bearer.sessionVersion,
  }
}

const nobody: ArrivalRow = { account: undefined, stands: false, isParticipant: false }
