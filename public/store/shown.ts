import type { FrameMessage } from '../../schemas/socket.ts'
import type { OutboxEntry, RoomState } from '../client/index.ts'
import type { Sending } from './uploads.ts'

/** `queued` and `sending` are on their way, `sent` is stored. */
export type Delivery = 'queued' | 'sending' | 'failed' | 'sent'
export type ShownQuote = { id: string; name: string; text: string; deleted: boolean }
export type ShownFile = { name: string; size: number; isImage: boolean; upload: Sending | undefined }

/** A message as the page draws it, whether it is stored or still on its way: the same shape, so that nothing moves when it arrives. */
export type Shown = {
  /** Stays the same when a message on its way becomes a stored one. */
  key: string
  id: string | undefined
  clientId: string | undefined
  seq: number | undefined
  senderId: number | undefined
  senderName: string
  mine: boolean
  isSystem: boolean
  text: string
  file: ShownFile | undefined
  quote: ShownQuote | undefined
  /** Milliseconds since 1970. */
  at: number
  edited: boolean
  deleted: boolean
  delivery: Delivery
  /** Why it failed, in the server's words or by its code. */
  failure: { code: string; message: string } | undefined
}

const mineKey = (clientId: string) => `mine ${clientId}`

const drawn = new WeakMap<FrameMessage, { me: number | undefined; shown: Shown }>()

/** The same message gives the same value, so that only what has changed is drawn again. */
export function shownMessage(message: FrameMessage, me: number | undefined, deletedText: string): Shown {
  const known = drawn.get(message)
  if (known && known.me === me) return known.shown
  const shown = showMessage(message, me, deletedText)
  drawn.set(message, { me, shown })
  return shown
}

function showMessage(message: FrameMessage, me: number | undefined, deletedText: string): Shown {
  const { id, seq, sender, reply_to, attachment_name } = message
  const mine = sender !== null && sender.id === me
  return {
    key: mine && message.client_id ? mineKey(message.client_id) : id,
    id,
    seq,
    mine,
    clientId: message.client_id ?? undefined,
    senderId: sender?.id,
    senderName: sender ? sender.full_name || sender.username : '',
    isSystem: message.message_type === 'system',
    text: message.is_deleted ? '' : message.content,
    file:
      attachment_name === null || message.is_deleted
        ? undefined
        : { name: attachment_name, size: message.attachment_size ?? 0, isImage: message.message_type === 'image', upload: undefined },
    quote: reply_to
      ? { id: reply_to.id, name: reply_to.sender?.username ?? '', text: reply_to.content, deleted: reply_to.content === deletedText }
      : undefined,
    at: Date.parse(message.created_at),
    edited: message.is_edited,
    deleted: message.is_deleted,
    delivery: 'sent',
    failure: undefined,
  }
}

const nothing = { id: undefined, seq: undefined, mine: true, isSystem: false, edited: false, deleted: false } as const

export function shownEntry(entry: OutboxEntry, me: number | undefined, state: RoomState | undefined): Shown {
  const quoted = entry.reply_to ? state?.messages.get(entry.reply_to) : undefined
  return {
    ...nothing,
    key: mineKey(entry.client_id),
    // It can be changed as soon as it is stored, though the room has not shown it yet.
    id: entry.sent?.id,
    clientId: entry.client_id,
    senderId: me,
    senderName: '',
    text: entry.amended ?? entry.content,
    file: undefined,
    quote: quoted && { id: quoted.id, name: quoted.sender?.username ?? '', text: quoted.content.slice(0, 100), deleted: quoted.is_deleted },
    at: entry.position,
    delivery: entry.status,
    failure: entry.failure ?? undefined,
  }
}

export function shownUpload(sending: Sending, me: number | undefined): Shown {
  const { name, size } = sending.file
  return {
    ...nothing,
    key: mineKey(sending.clientId),
    clientId: sending.clientId,
    senderId: me,
    senderName: '',
    text: sending.text,
    file: { name, size, isImage: sending.preview !== undefined, upload: sending },
    quote: undefined,
    at: sending.at,
    delivery: sending.failure ? 'failed' : 'sending',
    failure: sending.failure,
  }
}
