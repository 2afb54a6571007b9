import type { ChangeRow } from '../../db/queries/events.ts'
import { type Anchor, type HistoryPage, listHistory } from '../../db/queries/history.ts'
import { countMessages, type FoundMessages, listMessages as listMessageRows, type MessageFilter } from '../../db/queries/message-pages.ts'
import {
  deleteMessage as deleteMessageRow,
  findMessage,
  type MessageRow,
  type SeenMessageRow,
  updateContent,
} from '../../db/queries/messages.ts'
import type { NewMessage } from '../../db/queries/new-message.ts'
import { listReads, type ReadRow } from '../../db/queries/reads.ts'
import { countMessagesWith, listMessagesWith } from '../../db/queries/search.ts'
import type { SendOutcome } from '../../db/queries/sends.ts'
import { ChatError, errorTable, invalid, messageNotFound, permissionDenied } from '../../schemas/errors.ts'
import { isBlank } from '../../schemas/fields.ts'
import { longestMessage, MessageText } from '../../schemas/messages.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { newId } from '../ids.ts'
import { canChangeMessage, canWrite } from '../permissions.ts'
import { tombstone } from '../presenters/messages.ts'
import { deleteAttachment } from '../storage/delete.ts'
import { announceChanges, changeRoom } from './change.ts'
import type { PageRange } from './pages.ts'

export type SendCommand = Pick<NewMessage, 'roomId' | 'replyToId' | 'clientId' | 'attachment'> & {
  content: string
  /** `image` or `file` beside an attachment. */
  messageType?: NewMessage['messageType']
}

/** `repeated`: the `clientId` was known and this is the original; else `message` is what was stored. */
export type Sent = { id: string; seq: number } & ({ repeated: true } | { repeated: false; message: MessageRow })

/**
 * Stores a message and announces it (chat.writes announces what is new). A repeated send is announced again: its first
 * announcement may be what was lost, and clients drop a seq they hold.
 */
export async function sendMessage(chat: Chat, sender: { id: number }, command: SendCommand): Promise<Sent> {
  const outcome = await chat.writes.send({
    id: newId(),
    roomId: command.roomId,
    senderId: sender.id,
    clientId: command.clientId,
    content: checkedContent(command),
    messageType: command.attachment ? (command.messageType ?? 'file') : 'text',
    replyToId: command.replyToId,
    attachment: command.attachment,
  })
  if (outcome.outcome === 'sent') return { id: outcome.message.id, seq: outcome.message.seq, repeated: false, message: outcome.message }
  if (outcome.outcome !== 'repeated') throw refusalOf(outcome.outcome)
  const original = await findMessage(chat.db, sender.id, outcome.messageId, { deletedToo: true })
  if (original) announceChanges(chat, command.roomId, [{ kind: 'message_created', seq: original.seq, message: original }])
  return { id: outcome.messageId, seq: outcome.seq, repeated: true }
}

/** Announces a batch that is committed: one publish a room. */
export function announceSent(chat: Pick<Chat, 'bus'>, outcomes: readonly SendOutcome[]): void {
  const byRoom = new Map<string, ChangeRow[]>()
  for (const outcome of outcomes) {
    if (outcome.outcome !== 'sent') continue
    const { message } = outcome
    const change: ChangeRow = { kind: 'message_created', seq: message.seq, message }
    const changes = byRoom.get(message.roomId)
    if (changes) changes.push(change)
    else byRoom.set(message.roomId, [change])
  }
  for (const [roomId, changes] of byRoom) {
    const inOrder = changes.sort((one, other) => one.seq - other.seq)
    announceChanges(chat, roomId, inOrder)
  }
}

function checkedContent(command: SendCommand): string {
  const content = command.content.trim()
  if (isBlank(content)) {
    if (command.attachment) return ''
    throw invalid('content', 'This field may not be blank.')
  }
  const checked = MessageText.safeParse(content)
  if (checked.success) return content
  throw invalid('content', checked.error.issues[0]?.message ?? `Ensure this field has no more than ${longestMessage} characters.`)
}

function refusalOf(outcome: Exclude<SendOutcome['outcome'], 'sent' | 'repeated'>): ChatError {
  switch (outcome) {
    case 'not_participant':
      return invalid('room', 'You are not a participant in this room')
    case 'archived':
      return invalid('room', 'This room is archived')
    case 'reply_elsewhere':
      return invalid('reply_to', 'Reply message must be in the same room')
    case 'conflict':
      return new ChatError('conflict', { client_id: ['This client_id was used for another message'] })
    case 'user_inactive':
      return new ChatError('user_inactive', { detail: 'User is inactive', code: 'user_inactive' })
  }
}

/** Whether a send that threw is known to have stored nothing. After any other error it may have been stored. */
export function isRefused(error: unknown): boolean {
  return error instanceof ChatError && !errorTable[error.code].retry
}

/** A message and the moves that tell who has read it. */
export type ReadMessage = { message: SeenMessageRow; reads: ReadRow[] }

export async function getMessage(chat: Chat, actor: Actor, messageId: string, options?: { deletedToo: boolean }): Promise<ReadMessage> {
  const message = await findMessage(chat.db, actor.id, messageId, options)
  if (!message) throw messageNotFound()
  return { message, reads: await listReadsOf(chat, message) }
}

export async function listMessages(
  chat: Chat,
  actor: Actor,
  filter: MessageFilter & { search: string | undefined },
  newestFirst: boolean,
  range: PageRange,
): Promise<FoundMessages> {
  const { db } = chat
  const search = filter.search?.trim()
  const { limit, offset } = await range.resolve(() =>
    search ? countMessagesWith(db, actor.id, search, filter) : countMessages(db, actor.id, filter),
  )
  const page = { newestFirst, limit, offset }
  return search ? listMessagesWith(db, actor.id, search, filter, page) : listMessageRows(db, actor.id, filter, page)
}

/** A stretch of one room's history around a seq, before or after it: what new clients page by. */
export async function listStretch(chat: Chat, actor: Actor, roomId: string, anchor: Anchor, limit: number): Promise<HistoryPage> {
  return listHistory(chat.db, actor.id, roomId, anchor, limit)
}

function listReadsOf(chat: Chat, { roomId, seq }: SeenMessageRow): Promise<ReadRow[]> {
  return listReads(chat.db, [{ roomId, fromSeq: seq, uptoSeq: seq }])
}

/** Only the content can change, and only by its sender. */
export async function editMessage(chat: Chat, actor: Actor, messageId: string, content: string): Promise<ReadMessage> {
  const message = await changeOwnMessage(chat, actor, messageId, async ({ tx, record }) => {
    await updateContent(tx, messageId, content)
    const edited = await findMessage(tx, actor.id, messageId)
    if (!edited) throw messageNotFound()
    await record({ kind: 'message_updated', actorId: actor.id, messageId, frame: {} }, edited)
    return edited
  })
  // Not asked for again: by now he may have been removed, and is still to hear that it was done.
  return { message, reads: await listReadsOf(chat, message) }
}

/** Leaves a tombstone; the text and the file are gone for everybody. */
export async function deleteMessage(chat: Chat, actor: Actor, messageId: string): Promise<void> {
  const key = await changeOwnMessage(chat, actor, messageId, async ({ tx, room, record }, message) => {
    const deletedAt = await deleteMessageRow(tx, room.id, messageId, tombstone)
    await record({ kind: 'message_deleted', actorId: actor.id, messageId, frame: {} }, { ...message, deletedAt })
    return message.attachmentKey
  })
  if (key) await deleteAttachment(chat.storage, key, chat.log)
}

async function changeOwnMessage<Result>(
  chat: Chat,
  actor: Actor,
  messageId: string,
  work: (change: Parameters<Parameters<typeof changeRoom>[3]>[0], message: SeenMessageRow) => Promise<Result>,
): Promise<Result> {
  const seen = await findMessage(chat.db, actor.id, messageId)
  if (!seen) throw messageNotFound()
  return changeRoom(chat, actor, seen.roomId, async (change) => {
    const message = await findMessage(change.tx, actor.id, messageId)
    if (!message) throw messageNotFound()
    if (!canChangeMessage(actor, message)) throw permissionDenied()
    if (!canWrite(change.standing, change.room)) throw invalid('room', 'This room is archived')
    return work(change, message)
  })
}
