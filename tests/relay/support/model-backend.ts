import { randomUUID } from 'node:crypto'
import type { Backend, BackendAnswer, BackendCommand, CommandName, Identity } from '../../../schemas/backend.ts'
import { backendCommands } from '../../../schemas/backend.ts'
import { type Bus, type BusEvent, controlChannel, type Effect, encodeEvents, roomChannel } from '../../../schemas/bus.ts'
import { ChatError } from '../../../schemas/errors.ts'
import type { DurableFrame, ReadReceiptFrame } from '../../../schemas/socket.ts'
import { ModelRoom } from '../../client/support/model-room.ts'

export type Asked = { [Name in CommandName]: { name: Name; command: BackendCommand<Name> } }[CommandName]
type Answers = { [Name in CommandName]: (command: BackendCommand<Name>) => BackendAnswer<Name> }

/** The server as a relay sees it, in memory. Answers come a tick later, unless `hold` keeps them. */
export class ModelBackend implements Backend {
  readonly rooms = new Map<string, ModelRoom>()
  readonly gone = new Set<string>()
  readonly asked: Asked[] = []
  readonly endedSessions = new Set<string>()
  readonly versions = new Map<number, number>()
  readonly memberships = new Map<number, number>()
  readonly #sent = new Map<string, { content: string; id: string; seq: number }>()
  readonly #bus: Bus
  #onText: (channel: string, text: string) => void = () => undefined
  epoch = 1
  up = true
  /** Publishes nothing while it is on. */
  silent = false
  /** Tells on its stream, too, what it publishes. */
  telling = false
  tokenLife = 3_600_000
  /** Runs before an answer goes out. */
  beforeAnswer: (asked: Asked) => Promise<void> | void = () => undefined
  /** A refusal instead of an answer. */
  refuse: (asked: Asked) => ChatError | undefined = () => undefined

  constructor(bus: Bus) {
    this.#bus = bus
  }

  room(...members: number[]): ModelRoom {
    const room = new ModelRoom(randomUUID(), members)
    this.rooms.set(room.id, room)
    return room
  }

  token(userId: number, session = 's1'): string {
    return `token-${userId}-${session}`
  }

  isMember(room: ModelRoom | undefined, userId: number): boolean {
    return room?.room().participants.some(({ user }) => user.id === userId) ?? false
  }

  publish(room: ModelRoom, frames: readonly (DurableFrame | ReadReceiptFrame | undefined)[], effect?: Effect): void {
    const events = frames.flatMap((frame) => (frame ? [eventOf(frame, effect)] : []))
    this.say(room.id, events)
  }

  say(roomId: string, events: readonly BusEvent[]): void {
    if (events.length === 0) return
    const [channel, text] = [roomChannel(roomId), encodeEvents(events)]
    if (this.telling) this.#onText(channel, text)
    if (!this.silent) this.#bus.publish(channel, text)
  }

  send(room: ModelRoom, userId: number, content: string, clientId: string | null = null) {
    const message = room.send(userId, content, clientId)
    this.publish(room, room.changes(message.seq - 1))
    return message
  }

  join(room: ModelRoom, userId: number): void {
    const frame = room.join(userId)
    this.memberships.set(userId, (this.memberships.get(userId) ?? 0) + 1)
    this.publish(room, [frame])
    this.#tell({ kind: 'membership', user_id: userId, room_id: room.id })
  }

  remove(room: ModelRoom, userId: number): void {
    const frame = room.leave(userId)
    this.memberships.set(userId, (this.memberships.get(userId) ?? 0) + 1)
    this.publish(room, [frame])
    this.#tell({ kind: 'membership', user_id: userId, room_id: room.id })
  }

  endSession(userId: number, session: string): void {
    this.endedSessions.add(session)
    this.versions.set(userId, (this.versions.get(userId) ?? 0) + 1)
    this.#tell({ kind: 'session', user_id: userId })
  }

  count(name: CommandName): number {
    return this.asked.filter((asked) => asked.name === name).length
  }

  async ask<Name extends CommandName>(name: Name, command: BackendCommand<Name>): Promise<BackendAnswer<Name>> {
    const asked = { name, command: backendCommands[name].command.parse(command) } as Asked
    this.asked.push(asked)
    await new Promise((resolve) => setImmediate(resolve))
    if (!this.up) throw new ChatError('unavailable', 'No server answers.')
    const refusal = this.refuse(asked)
    if (refusal) throw refusal
    const answer = (this.#answers[name] as (command: BackendCommand<Name>) => BackendAnswer<Name>)(command)
    backendCommands[name].answer.parse(answer)
    await this.beforeAnswer(asked)
    return answer
  }

  onText(listener: (channel: string, text: string) => void): void {
    this.#onText = listener
  }

  isUp(): boolean {
    return this.up
  }

  async close(): Promise<void> {}

  #tell(event: object) {
    if (!this.silent) this.#bus.publish(controlChannel, JSON.stringify(event))
  }

  #identity(token: string): Identity {
    const [, user, session = null] = /^token-(\d+)-(\w+)$/.exec(token) ?? []
    if (!user) throw new ChatError('token_not_valid', { detail: 'Given token not valid for any token type', code: 'token_not_valid' })
    const user_id = Number(user)
    const session_version = this.versions.get(user_id) ?? 0
    return { user_id, username: `user${user_id}`, expires_at: Date.now() + this.tokenLife, session, session_version }
  }

  #roomsOf(userId: number, ids: readonly string[] | null): ModelRoom[] {
    return [...this.rooms.values()].filter((room) => (ids === null || ids.includes(room.id)) && this.isMember(room, userId))
  }

  #known(id: string): ModelRoom {
    const room = this.rooms.get(id)
    if (!room) throw new ChatError('not_found', 'No ChatRoom matches the given query.')
    return room
  }

  readonly #answers: Answers = {
    authorize: ({ token, room_id }) => {
      const identity = this.#identity(token)
      const rooms = this.#roomsOf(identity.user_id, room_id === null ? null : [room_id])
      return { ...identity, room_ids: rooms.map(({ id }) => id) }
    },
    open: ({ user_id, room_ids }) => ({
      epoch: this.epoch,
      rooms: this.#roomsOf(user_id, room_ids).map(({ id, head }) => ({ room_id: id, seq: head, unread_count: 0 })),
      archived: [],
      membership: this.memberships.get(user_id) ?? 0,
    }),
    refresh: ({ token, user_id }) => {
      const identity = this.#identity(token)
      if (identity.user_id !== user_id) throw new ChatError('permission_denied', 'The token is of another user.')
      return identity
    },
    send: ({ user_id, room_id, content, client_id }) => {
      const room = this.#known(room_id)
      const key = `${room_id} ${user_id} ${client_id}`
      const known = this.#sent.get(key)
      if (known && known.content !== content) throw new ChatError('conflict', 'The client_id was used for another message.')
      if (content.trim() === '') throw new ChatError('invalid', { content: ['This field may not be blank.'] })
      const { id, seq } = known ?? this.send(room, user_id, content, client_id)
      this.#sent.set(key, { content, id, seq })
      return { id, seq }
    },
    read: ({ user_id, room_id, message_id }) => {
      const room = this.#known(room_id)
      const event = room.log.find((logged) => logged.messageId === message_id)
      if (!event || !('message' in event.frame)) throw new ChatError('not_found', 'No ChatMessage matches the given query.')
      this.publish(room, room.read(user_id, event.frame.message))
      return {}
    },
    read_room: ({ user_id, room_id, connection_id }) => {
      const room = this.#known(room_id)
      const event = room.log.findLast((logged) => 'message' in logged.frame)
      if (event && 'message' in event.frame)
        this.publish(room, room.read(user_id, event.frame.message), { kind: 'origin', connectionId: connection_id })
      return {}
    },
    reads: ({ room_id }) => ({ events: encodeEvents([...this.#known(room_id).reads.values()].map((frame) => eventOf(frame))) }),
    changes: ({ room_id, since, limit }) => {
      const room = this.#known(room_id)
      return { head: room.head, epoch: this.epoch, events: encodeEvents(room.changes(since, limit).map((frame) => eventOf(frame))) }
    },
    heads: ({ room_ids, user_ids }) => ({
      epoch: this.epoch,
      seqs: room_ids.map((id) => (this.gone.has(id) ? null : (this.rooms.get(id)?.head ?? null))),
      versions: user_ids.map((id) => this.versions.get(id) ?? 0),
      memberships: user_ids.map((id) => this.memberships.get(id) ?? 0),
    }),
    sessions: ({ sessions }) => ({
      epoch: this.epoch,
      valid: sessions.map(({ session }) => session === null || !this.endedSessions.has(session)),
    }),
    members: ({ room_id, user_ids }) => ({
      present: user_ids.map((id) => this.isMember(this.rooms.get(room_id), id)),
      archived: false,
    }),
  }
}

/** A frame as it travels on the bus. */
export function eventOf(frame: DurableFrame | ReadReceiptFrame, effect?: Effect): BusEvent {
  return { seq: 'seq' in frame ? frame.seq : 0, effect: effect ?? effectOf(frame), frame: JSON.stringify(frame) }
}

function effectOf(frame: DurableFrame | ReadReceiptFrame): Effect | undefined {
  if (frame.type === 'participant_removed') return { kind: 'removed', userId: frame.user_id }
  return frame.type === 'room_updated' && frame.room.is_deleted ? { kind: 'deleted' } : undefined
}
