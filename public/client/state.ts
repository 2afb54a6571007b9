import type { Message } from '../../schemas/messages.ts'
import type { Participant } from '../../schemas/participants.ts'
import type { Room } from '../../schemas/rooms.ts'
import type { DurableFrame, FrameMessage, ReadReceiptFrame } from '../../schemas/socket.ts'
import { addRange, covers, type Range } from './ranges.ts'

export type RoomFields = Pick<Room, 'id' | 'name' | 'room_type' | 'is_active' | 'archived_at' | 'modified_at'> & {
  readonly is_deleted: boolean
}
export type Member = Pick<Participant, 'id' | 'user' | 'is_admin' | 'joined_at'>
/** How far somebody has read: every message up to `read_seq`. */
export type ReadPointer = { readonly read_seq: number; readonly read_at: string }
export type StateFrame = DurableFrame | ReadReceiptFrame

/** A room as its history has made it up to `seq`. Values are never changed in place. */
export type RoomState = {
  readonly seq: number
  readonly room: RoomFields
  /** By user id. */
  readonly members: ReadonlyMap<number, Member>
  /** By message id; deleted ones stay as tombstones. Only what lies in `ranges` is complete. */
  readonly messages: ReadonlyMap<string, FrameMessage>
  /** By user id. */
  readonly reads: ReadonlyMap<number, ReadPointer>
  /** The parts of the history whose messages are loaded, from old to new; the last one is open upwards when the newest are among them. */
  readonly ranges: readonly Range[]
  /** Links to files by message id, as REST gave them to this reader. They expire. */
  readonly attachments: ReadonlyMap<string, string>
  /** The last edit or deletion of a message by its id, with its seq: a page that was read before it must not undo it. */
  readonly changed: ReadonlyMap<string, Change>
}
type Change = { readonly seq: number; readonly message: FrameMessage | undefined }

/** The text of a deleted message, in its place and where it is quoted. */
export const deletedText = '[Message deleted]'
const quoteLength = 100

/** A room before its first event, all of whose history is known. */
export function emptyState(room: RoomFields): RoomState {
  const nothing = { members: new Map(), messages: new Map(), reads: new Map(), attachments: new Map(), changed: new Map() }
  return { seq: 0, room, ...nothing, ranges: [{ from: 0, to: Infinity }] }
}

type Draft = {
  -readonly [Key in keyof RoomState]: RoomState[Key] extends ReadonlyMap<infer Id, infer Value> ? Map<Id, Value> : RoomState[Key]
}

function draftOf(state: RoomState): Draft {
  const { messages, members, reads, attachments, changed } = state
  const copies = { messages: new Map(messages), members: new Map(members), reads: new Map(reads) }
  return { ...state, ...copies, attachments: new Map(attachments), changed: new Map(changed) }
}

/** Applies frames in their order; durable ones that the state already has are left out. Copies once, however many frames. */
export function applyFrames(state: RoomState, frames: readonly StateFrame[]): RoomState {
  if (frames.length === 0) return state
  const draft = draftOf(state)
  for (const frame of frames) {
    if (frame.type === 'read_receipt') advance(draft, frame.user_id, frame)
    else if (frame.seq > draft.seq) {
      applyDurable(draft, frame)
      draft.seq = frame.seq
    }
  }
  return draft
}

function applyDurable(draft: Draft, frame: DurableFrame) {
  switch (frame.type) {
    case 'chat_message':
      draft.messages.set(frame.message.id, frame.message)
      draft.room = { ...draft.room, modified_at: later(draft.room.modified_at, frame.message.created_at) }
      return
    case 'message_updated':
      return updateMessage(draft, frame.seq, frame.message)
    case 'message_deleted':
      return deleteMessage(draft, frame.seq, frame.message_id)
    case 'room_updated':
      draft.room = { ...frame.room, modified_at: later(draft.room.modified_at, frame.room.modified_at) }
      return
    case 'participant_added':
    case 'participant_updated':
      draft.members.set(frame.participant.user.id, memberOf(frame.participant))
      return
    case 'participant_removed':
      draft.members.delete(frame.user_id)
  }
}

function updateMessage(draft: Draft, seq: number, message: FrameMessage): void {
  draft.changed.set(message.id, { seq, message })
  if (covers(draft.ranges, message.seq)) draft.messages.set(message.id, message)
  requote(draft, message.id, message.is_deleted ? deletedText : message.content)
}

function deleteMessage(draft: Draft, seq: number, id: string): void {
  draft.changed.set(id, { seq, message: undefined })
  draft.attachments.delete(id)
  const message = draft.messages.get(id)
  if (message) draft.messages.set(id, tombstone(message))
  requote(draft, id, deletedText)
}

/** Answers quote the text as it is now. */
function requote(draft: Draft, id: string, text: string): void {
  const content = [...text].slice(0, quoteLength).join('')
  for (const message of draft.messages.values()) {
    if (message.reply_to_id !== id || !message.reply_to || message.reply_to.content === content) continue
    draft.messages.set(message.id, { ...message, reply_to: { ...message.reply_to, content } })
  }
}

function advance(draft: Draft, userId: number, pointer: ReadPointer): void {
  const known = draft.reads.get(userId)
  if (known && known.read_seq >= pointer.read_seq) return
  draft.reads.set(userId, { read_seq: pointer.read_seq, read_at: pointer.read_at })
}

/** The state that REST shows: the room, read first, and then its newest messages. */
export function stateFromRest(room: Room, page: LoadedPage): RoomState {
  const { id, name, room_type, is_active, archived_at, modified_at } = room
  const empty = emptyState({ id, name, room_type, is_active, archived_at, modified_at, is_deleted: false })
  const members = new Map(room.participants.map((participant) => [participant.user.id, memberOf(participant)]))
  return addPage({ ...empty, seq: room.seq, members, ranges: [] }, page, room.seq)
}

/** Messages as REST lists them, and the part of the history that they cover completely. */
export type LoadedPage = { readonly messages: readonly Message[]; readonly range: Range }

/** Adds messages of the past. `asked` is the state's seq when the page was asked for: what was edited or deleted since stays so. */
export function addPage(state: RoomState, page: LoadedPage, asked: number): RoomState {
  const draft = draftOf(state)
  draft.messages = inOrder(state.messages, page.messages)
  for (const message of page.messages) {
    const change = state.changed.get(message.id)
    const stale = change !== undefined && change.seq > asked
    const shown = frameMessageOf(message)
    draft.messages.set(message.id, stale ? (change.message ?? tombstone(shown)) : shown)
    if (message.attachment && !(stale && !change.message)) draft.attachments.set(message.id, message.attachment)
    for (const [userId, read_at] of Object.entries(message.read_by)) advance(draft, Number(userId), { read_seq: message.seq, read_at })
  }
  for (const [id, change] of state.changed) if (change.seq > asked) requote(draft, id, change.message?.content ?? deletedText)
  draft.ranges = addRange(state.ranges, page.range)
  return draft
}

/** Room for a page that is older than what is there, before it: then the messages are in their order, and sorting them costs nothing. */
function inOrder(messages: RoomState['messages'], page: readonly Message[]): Map<string, FrameMessage> {
  const [first] = messages.values()
  const older = first ? page.filter(({ id, seq }) => seq < first.seq && !messages.has(id)) : page
  const sorted = older.toSorted((one, other) => one.seq - other.seq)
  return new Map([...sorted.map((message) => [message.id, frameMessageOf(message)] as const), ...messages])
}

/** Messages from old to new, tombstones among them; of one loaded range, or of all. */
export function listMessages(state: RoomState, range: Range = { from: 0, to: Infinity }): FrameMessage[] {
  return [...state.messages.values()].filter(({ seq }) => seq >= range.from && seq <= range.to).sort((one, other) => one.seq - other.seq)
}

/** The state with so many of its newest messages, and nothing older. */
export function newestPart(state: RoomState, count: number): RoomState {
  const last = state.ranges.at(-1)
  if (!last) return state
  const all = listMessages(state, last)
  const newest = all.slice(-count)
  const from = newest.length < all.length ? (newest[0]?.seq ?? last.from) : last.from
  const messages = new Map(newest.map((message) => [message.id, message]))
  const attachments = new Map([...state.attachments].filter(([id]) => messages.has(id)))
  return { ...state, messages, attachments, ranges: [{ from, to: last.to }], changed: new Map() }
}

/** The ids of those who have read a message, its sender left out, in ascending order. */
export function readersOf(state: RoomState, message: Pick<FrameMessage, 'seq' | 'sender'>): number[] {
  const readers = [...state.reads].filter(([userId, { read_seq }]) => read_seq >= message.seq && userId !== message.sender?.id)
  return readers.map(([userId]) => userId).sort((one, other) => one - other)
}

/** What must be equal between a state made of frames and a fresh one by REST, as plain JSON. REST leaves tombstones out, so they are left out here. */
export function comparable(state: RoomState) {
  const { modified_at: _, ...room } = state.room
  const members = [...state.members.values()].sort((one, other) => one.user.id - other.user.id)
  const messages = listMessages(state).filter((message) => !message.is_deleted)
  return { seq: state.seq, room, members, messages: messages.map((message) => ({ ...message, read_by: readersOf(state, message) })) }
}

/** A message of REST as frames carry it. */
export function frameMessageOf(message: Message): FrameMessage {
  const { id, seq, room_id, client_id, content, message_type, attachment_name, attachment_size, reply_to_id, reply_to, created_at } =
    message
  const sender = message.sender && { id: message.sender.id, username: message.sender.username, full_name: message.sender.full_name }
  const edits = { is_edited: message.is_edited, edited_at: message.edited_at, is_deleted: message.is_deleted }
  return {
    id,
    room_id,
    seq,
    client_id,
    sender,
    content,
    message_type,
    attachment_name,
    attachment_size,
    reply_to_id,
    reply_to,
    created_at,
    ...edits,
  }
}

function memberOf({ id, user, is_admin, joined_at }: Participant): Member {
  return { id, user, is_admin, joined_at }
}

function tombstone(message: FrameMessage): FrameMessage {
  return { ...message, content: deletedText, attachment_name: null, attachment_size: null, is_deleted: true }
}

function later(one: string, other: string): string {
  return Date.parse(other) > Date.parse(one) ? other : one
}
