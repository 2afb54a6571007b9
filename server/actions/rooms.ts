import { findProperty, findTask } from '../../db/queries/directory.ts'
import { listChanges } from '../../db/queries/events.ts'
import { findMessage } from '../../db/queries/messages.ts'
import { insertParticipants, listParticipantsOfRoom, type ParticipantRow } from '../../db/queries/participants.ts'
import { listReads } from '../../db/queries/reads.ts'
import {
  countRooms,
  findDirectRoomId,
  findRoom,
  findSeenRoom,
  insertRoom,
  listRooms as listRoomRows,
  type RoomFilter,
  type RoomOrder,
  type SeenRoomRow,
  updateRoom as updateRoomRow,
} from '../../db/queries/rooms.ts'
import { listUsers } from '../../db/queries/users.ts'
import { invalid, permissionDenied, roomNotFound } from '../../schemas/errors.ts'
import type { CreateRoom, UpdateRoom } from '../../schemas/rooms.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { newId } from '../ids.ts'
import { canManageRoom } from '../permissions.ts'
import { presentRoomToAll } from '../presenters/rooms.ts'
import { announceControl, changeRoom } from './change.ts'
import type { ReadMessage } from './messages.ts'
import type { PageRange } from './pages.ts'
import { joinRoom, leaveRoomUnderLock } from './participants.ts'
import { endTyping } from './typing.ts'

/** A room with all that its page shows. */
export type WholeRoom = { room: SeenRoomRow; participants: ParticipantRow[]; lastMessage: ReadMessage | undefined }

export async function listRooms(chat: Chat, actor: Actor, filter: RoomFilter, order: RoomOrder, range: PageRange) {
  const page = await range.resolve(() => countRooms(chat.db, actor.id, filter))
  return listRoomRows(chat.db, actor.id, filter, { order, ...page })
}

/** `not_found` when there is no such room; `permission_denied` when the actor is not in it. */
export async function getRoom(chat: Chat, actor: Actor, roomId: string): Promise<WholeRoom> {
  const room = await findSeenRoom(chat.db, roomId, actor.id)
  if (!room) throw (await findRoom(chat.db, roomId)) ? permissionDenied() : roomNotFound()
  const participants = await listParticipantsOfRoom(chat.db, roomId)
  const message = room.lastMessageId ? await findMessage(chat.db, actor.id, room.lastMessageId) : undefined
  if (!message) return { room, participants, lastMessage: undefined }
  const reads = await listReads(chat.db, [{ roomId, fromSeq: message.seq, uptoSeq: message.seq }])
  return { room, participants, lastMessage: { message, reads } }
}

/** A room the actor is in; to anybody else it is as if there were none. */
export async function getRoomOfActor(chat: Chat, actor: Actor, roomId: string): Promise<SeenRoomRow> {
  const room = await findSeenRoom(chat.db, roomId, actor.id)
  if (!room) throw roomNotFound()
  return room
}

/** The room's history after `since`, at most `limit` changes, as frames. */
export async function listRoomChanges(chat: Chat, actor: Actor, roomId: string, since: number, limit: number) {
  await getRoomOfActor(chat, actor, roomId)
  const found = await listChanges(chat.db, roomId, since, limit)
  if (!found) throw roomNotFound()
  return found
}

/** The creator is its admin. The same pair gets the same direct room again. */
export async function createRoom(chat: Chat, actor: Actor, command: CreateRoom): Promise<WholeRoom> {
  const otherIds = await checkedOthers(chat, actor, command)
  await requireSubject(chat, command)
  const roomId =
    command.room_type === 'direct'
      ? await openDirectRoom(chat, actor, otherIds, command)
      : await insertNewRoom(chat, actor, otherIds, command)
  if (!roomId) throw roomNotFound()
  return getRoom(chat, actor, roomId)
}

async function checkedOthers(chat: Chat, actor: Actor, command: CreateRoom): Promise<number[]> {
  const asked = command.participant_ids ?? []
  const known = await listUsers(chat.db, asked)
  const isDirect = command.room_type === 'direct'
  const wrong = invalid('participant_ids', 'Some user IDs are invalid')
  if (known.length !== asked.length) throw wrong
  const others = known.filter((user) => user.id !== actor.id)
  if (isDirect && (others.length !== 1 || !others[0]?.isActive)) throw permissionDenied()
  if (others.some((user) => !user.isActive)) throw wrong
  return others.map((user) => user.id)
}

/** The task or property that the room is for, where its type says it is for one. */
async function requireSubject(chat: Chat, { room_type, task, property }: CreateRoom): Promise<void> {
  if (room_type === 'task' && task == null) throw invalid('task', 'Task is required for task-type rooms')
  if (room_type === 'property' && property == null) throw invalid('property', 'Property is required for property-type rooms')
  if (task != null && !(await findTask(chat.db, task))) throw invalid('task', `Invalid pk "${task}" - object does not exist.`)
  if (property != null && !(await findProperty(chat.db, property))) {
    throw invalid('property', `Invalid pk "${property}" - object does not exist.`)
  }
}

/** Undefined when the pair has its direct room already. */
async function insertNewRoom(
  chat: Chat,
  actor: Actor,
  otherIds: readonly number[],
  command: CreateRoom,
  directKey?: string,
): Promise<string | undefined> {
  const id = newId()
  const members = [{ userId: actor.id, isAdmin: true }, ...otherIds.map((userId) => ({ userId, isAdmin: false }))]
  const inserted = await chat.db.transaction(async (tx) => {
    const { name, room_type: roomType, task: taskId, property: propertyId } = command
    const room = { id, name: name ?? '', roomType, taskId, propertyId, createdById: actor.id, directKey }
    if (!(await insertRoom(tx, room))) return false
    await insertParticipants(tx, id, members, 0)
    return true
  })
  if (!inserted) return undefined
  for (const { userId } of members) announceControl(chat, { kind: 'membership', user_id: userId, room_id: id })
  return id
}

async function openDirectRoom(chat: Chat, actor: Actor, otherIds: readonly number[], command: CreateRoom): Promise<string | undefined> {
  const pair = [actor.id, ...otherIds].sort((one, other) => one - other)
  const directKey = pair.join(':')
  const known = await findDirectRoomId(chat.db, directKey)
  const created = known ? undefined : await insertNewRoom(chat, actor, otherIds, command, directKey)
  if (created) return created
  // Nobody had it a moment ago and now somebody has: the other one of the pair was first.
  const roomId = known ?? (await findDirectRoomId(chat.db, directKey))
  if (!roomId) return undefined
  await changeRoom(chat, actor, roomId, (change) =>
    joinRoom(
      change,
      actor,
      pair.map((userId) => ({ userId, isAdmin: userId === change.room.createdById })),
    ),
  )
  return roomId
}

/** An admin renames, archives (`is_active: false`) or restores. */
export async function updateRoom(chat: Chat, actor: Actor, roomId: string, { name, is_active }: UpdateRoom): Promise<WholeRoom> {
  await changeRoom(chat, actor, roomId, async ({ tx, room, standing, record }) => {
    if (!canManageRoom(standing)) throw permissionDenied()
    const isNew = (name !== undefined && name !== room.name) || (is_active !== undefined && is_active !== room.isActive)
    if (!isNew) return
    const changed = await updateRoomRow(tx, roomId, { name, isActive: is_active })
    await record({ kind: 'room_updated', actorId: actor.id, frame: { room: presentRoomToAll(changed) } })
  })
  return getRoom(chat, actor, roomId)
}

/** Archives or restores; to outsiders there is no such room. */
export async function setArchived(chat: Chat, actor: Actor, roomId: string, archived: boolean): Promise<WholeRoom> {
  await getRoomOfActor(chat, actor, roomId)
  return updateRoom(chat, actor, roomId, { is_active: !archived })
}

/** It no longer appears anywhere; what was said in it stays in the database. */
export async function deleteRoom(chat: Chat, actor: Actor, roomId: string): Promise<void> {
  await changeRoom(chat, actor, roomId, async ({ tx, standing, record }) => {
    if (!canManageRoom(standing)) throw permissionDenied()
    const deleted = await updateRoomRow(tx, roomId, { isActive: false, deleted: true })
    await record({ kind: 'room_updated', actorId: actor.id, frame: { room: presentRoomToAll(deleted) } })
  })
}

export async function leaveRoom(chat: Chat, actor: Actor, roomId: string): Promise<void> {
  await changeRoom(chat, actor, roomId, async (change) => {
    if (!change.standing) throw roomNotFound()
    await leaveRoomUnderLock(change, actor, change.standing, 'Cannot leave room as the only admin. Assign another admin first.')
  })
  void endTyping(chat, roomId, actor)
}
