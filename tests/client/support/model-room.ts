import fc from 'fast-check'
import type { Page } from '../../../schemas/lists.ts'
import type { Message } from '../../../schemas/messages.ts'
import type { Participant } from '../../../schemas/participants.ts'
import type { Room } from '../../../schemas/rooms.ts'
import type { DurableFrame, FrameMessage, ReadReceiptFrame } from '../../../schemas/socket.ts'

/** What somebody does in a room. Numbers choose among what is there. */
export type Deed =
  | { kind: 'send'; user: number; text: string; quote: number | undefined }
  | { kind: 'edit' | 'delete'; which: number; text: string }
  | { kind: 'join' | 'leave' | 'promote'; user: number }
  | { kind: 'rename'; text: string }
  | { kind: 'archive' }
  | { kind: 'read'; user: number; which: number }

const user = fc.integer({ min: 1, max: 4 })
const which = fc.nat({ max: 50 })
const text = fc.string({ minLength: 1, maxLength: 120, unit: 'grapheme' })
export const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), user, text, quote: fc.option(which, { nil: undefined }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('edit' as const, 'delete' as const), which, text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('join' as const, 'leave' as const, 'promote' as const), user }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), user, which }) },
)

type Event = { frame: DurableFrame; messageId: string | undefined }
const nameOf = (id: number) => ({ id, username: `user${id}`, full_name: `User ${id}` })
const timeOf = (tick: number) => new Date(1_700_000_000_000 + tick * 1_000).toISOString()

/** One room as the server keeps it, written without a look at the client: its log, its state, and its answers by REST. */
export class ModelRoom {
  readonly id: string
  readonly log: Event[] = []
  readonly reads = new Map<number, ReadReceiptFrame>()
  readonly #messages = new Map<string, FrameMessage>()
  #members = new Map<number, Participant>()
  #name = ''
  #active = true
  #tick = 0

  constructor(id: string, members: number[] = []) {
    this.id = id
    for (const member of members) this.join(member)
  }

  get head(): number {
    return this.log.length
  }

  /** The frames it gives rise to, as they are published. */
  do(deed: Deed): (DurableFrame | ReadReceiptFrame)[] {
    const before = this.head
    const message = 'which' in deed ? [...this.#messages.values()][deed.which % Math.max(1, this.#messages.size)] : undefined
    if (deed.kind === 'send') this.send(deed.user, deed.text, null, deed.quote)
    if (deed.kind === 'edit' && message && !message.is_deleted) this.edit(message.id, deed.text)
    if (deed.kind === 'delete' && message && !message.is_deleted) this.delete(message.id)
    if (deed.kind === 'join' && !this.#members.has(deed.user)) this.join(deed.user)
    if (deed.kind === 'leave') this.leave(deed.user)
    if (deed.kind === 'promote') this.#promote(deed.user)
    if (deed.kind === 'rename') this.#name = deed.text
    if (deed.kind === 'archive') this.#active = !this.#active
    if (deed.kind === 'rename' || deed.kind === 'archive')
      this.#append(undefined, (base) => ({ type: 'room_updated', ...base, room: this.#fields() }))
    if (deed.kind === 'read' && message) return this.read(deed.user, message)
    return this.log.slice(before).map(({ frame }) => frame)
  }

  send(userId: number, content: string, client_id: string | null, quote?: number): FrameMessage {
    const quoted = quote === undefined ? undefined : [...this.#messages.values()][quote % Math.max(1, this.#messages.size)]
    const message: FrameMessage = {
      ...{
        id: `${this.id.slice(0, 8)}-0000-4000-8000-${String(this.head + 1).padStart(12, '0')}`,
        room_id: this.id,
        seq: this.head + 1,
        client_id,
      },
      ...{ sender: nameOf(userId), content, message_type: 'text', attachment_name: null, attachment_size: null },
      ...{
        reply_to_id: quoted?.id ?? null,
        reply_to: null,
        created_at: timeOf(++this.#tick),
        is_edited: false,
        edited_at: null,
        is_deleted: false,
      },
    }
    this.#messages.set(message.id, message)
    this.#append(message.id, (base) => ({ type: 'chat_message', ...base, message: this.#shown(message.id) }))
    return message
  }

  edit(id: string, content: string): void {
    const message = this.#message(id)
    this.#messages.set(id, { ...message, content, is_edited: true, edited_at: timeOf(++this.#tick) })
    this.#append(id, (base) => ({ type: 'message_updated', ...base, message: this.#shown(id) }))
  }

  delete(id: string): void {
    this.#messages.set(id, { ...this.#message(id), content: '[Message deleted]', is_deleted: true })
    this.#append(undefined, (base) => ({ type: 'message_deleted', ...base, message_id: id, deleted_at: timeOf(++this.#tick) }))
  }

  join(userId: number): DurableFrame {
    const participant: Participant = {
      ...{ id: 100 + userId, user: { ...nameOf(userId), email: '' }, room: this.id, joined_at: timeOf(++this.#tick), last_read_at: null },
      ...{ is_admin: false, unread_count: 0, is_muted: false, muted_until: null, left_at: null },
    }
    this.#members.set(userId, participant)
    return this.#append(undefined, (base) => ({ type: 'participant_added', ...base, participant }))
  }

  leave(userId: number): DurableFrame | undefined {
    if (!this.#members.delete(userId)) return undefined
    return this.#append(undefined, (base) => ({ type: 'participant_removed', ...base, participant_id: 100 + userId, user_id: userId }))
  }

  read(userId: number, message: FrameMessage): ReadReceiptFrame[] {
    if ((this.reads.get(userId)?.read_seq ?? 0) >= message.seq) return []
    const read_at = timeOf(++this.#tick)
    const frame: ReadReceiptFrame = {
      type: 'read_receipt',
      room_id: this.id,
      message_id: message.id,
      user_id: userId,
      read_at,
      read_seq: message.seq,
    }
    this.reads.set(userId, frame)
    return [frame]
  }

  /** A restore from a backup: the last events never happened. */
  lose(count: number): void {
    const kept = this.log.slice(0, Math.max(0, this.head - count)).map(({ frame }) => frame)
    this.log.length = 0
    this.#messages.clear()
    this.#members = new Map()
    this.reads.clear()
    this.#name = ''
    this.#active = true
    for (const frame of kept) this.#redo(frame)
  }

  /** The log as it is replayed: texts as they are now. */
  changes(since: number, limit = Infinity): DurableFrame[] {
    return this.log.slice(since, since + limit).map(({ frame, messageId }) => {
      if (messageId === undefined || !('message' in frame)) return frame
      return { ...frame, message: this.#shown(messageId) }
    })
  }

  room(): Room {
    const participants = [...this.#members.values()]
    const { is_deleted: _, ...fields } = this.#fields()
    return {
      ...fields,
      ...{
        seq: this.head,
        task: null,
        property: null,
        created_at: timeOf(0),
        created_by: null,
        participants,
        participant_count: participants.length,
      },
      ...{ last_message: null, unread_count: 0, display_name: this.#name },
    }
  }

  /** Newest first, as REST lists them. */
  messages(stretch: { before?: number; after?: number; around?: number; limit?: number } = {}): Page<Message> {
    const all = [...this.#messages.values()].filter(({ is_deleted }) => !is_deleted).map(({ id }) => this.#full(id))
    const { before = Infinity, after = 0, around, limit = 1_000 } = stretch
    const within = all.filter(({ seq }) => seq < before && seq > after)
    const newest =
      around === undefined
        ? undefined
        : [...within.filter(({ seq }) => seq <= around).slice(-limit / 2), ...within.filter(({ seq }) => seq > around).slice(0, limit / 2)]
    const chosen = newest ?? (stretch.after === undefined ? within.slice(-limit) : within.slice(0, limit))
    const hasOlder = all.some(({ seq }) => seq < (chosen[0]?.seq ?? before))
    const hasNewer = all.some(({ seq }) => seq > (chosen.at(-1)?.seq ?? after))
    return { count: all.length, next: hasOlder ? 'older' : null, previous: hasNewer ? 'newer' : null, results: chosen.reverse() }
  }

  #full(id: string): Message {
    const message = this.#shown(id)
    const read_by: Record<string, string> = {}
    for (const [userId, receipt] of this.reads)
      if (receipt.read_seq >= message.seq && userId !== message.sender?.id) read_by[userId] = receipt.read_at
    const sender = message.sender && { ...message.sender, email: '' }
    const mine = { is_read: false, read_count: Object.keys(read_by).length, read_by }
    return { ...message, room: this.id, sender, attachment: null, modified_at: message.created_at, deleted_at: null, ...mine }
  }

  #shown(id: string): FrameMessage {
    const message = this.#message(id)
    const quoted = message.reply_to_id === null ? undefined : this.#messages.get(message.reply_to_id)
    if (!quoted) return message
    const sender = quoted.sender && { id: quoted.sender.id, username: quoted.sender.username }
    return {
      ...message,
      reply_to: { id: quoted.id, sender, content: [...quoted.content].slice(0, 100).join(''), created_at: quoted.created_at },
    }
  }

  #message(id: string): FrameMessage {
    const message = this.#messages.get(id)
    if (!message) throw new Error(`there is no message ${id}`)
    return message
  }

  #promote(userId: number): void {
    const participant = this.#members.get(userId)
    if (!participant) return
    const changed = { ...participant, is_admin: !participant.is_admin }
    this.#members.set(userId, changed)
    this.#append(undefined, (base) => ({ type: 'participant_updated', ...base, participant: changed }))
  }

  #fields() {
    const archived_at = this.#active ? null : timeOf(1)
    return {
      id: this.id,
      name: this.#name,
      room_type: 'group' as const,
      is_active: this.#active,
      archived_at,
      is_deleted: false,
      modified_at: timeOf(this.#tick),
    }
  }

  #append(messageId: string | undefined, make: (base: { room_id: string; seq: number }) => DurableFrame): DurableFrame {
    const frame = make({ room_id: this.id, seq: this.head + 1 })
    this.log.push({ frame, messageId })
    return frame
  }

  #redo(frame: DurableFrame): void {
    switch (frame.type) {
      case 'chat_message':
        this.#messages.set(frame.message.id, frame.message)
        break
      case 'message_updated':
        this.#messages.set(frame.message.id, {
          ...this.#message(frame.message.id),
          content: frame.message.content,
          is_edited: true,
          edited_at: frame.message.edited_at,
        })
        break
      case 'message_deleted':
        this.#messages.set(frame.message_id, { ...this.#message(frame.message_id), content: '[Message deleted]', is_deleted: true })
        break
      case 'room_updated':
        this.#name = frame.room.name
        this.#active = frame.room.is_active
        break
      case 'participant_added':
      case 'participant_updated':
        this.#members.set(frame.participant.user.id, frame.participant)
        break
      case 'participant_removed':
        this.#members.delete(frame.user_id)
    }
    this.log.push({ frame, messageId: 'message' in frame ? frame.message.id : undefined })
  }
}
