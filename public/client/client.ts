import { type Api, createApi } from './api.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import { type Clock, type Lock, pageLock, systemClock, type WatchWake, watchPage } from './environment.ts'
import { ApiError } from './errors.ts'
import { hostTokens, type TokenProvider } from './host-tokens.ts'
import { createHttp, createTransport, type Transport } from './http.ts'
import { userIdOf } from './jwt.ts'
import { Outbox, type OutboxEvents } from './outbox.ts'
import { memoryOutboxStore, type OutboxEntry, type OutboxStore } from './outbox-store.ts'
import { Rooms, type RoomsEvents } from './rooms.ts'
import { ChatSocket, type ClientFrame, type Established, type SocketConstructor, type SocketStatus } from './socket.ts'
import { memoryTokenStore, type TokenSource, type TokenStore, Tokens } from './tokens.ts'
import { createUpload, type Upload } from './upload.ts'

export type ClientOptions = {
  /** Where the service is, as `https://chat.example`. */
  baseUrl: string
  /** The platform's own when left out. */
  fetch?: typeof globalThis.fetch
  /** The platform's own when left out; Node gives the one of `ws`. */
  WebSocket?: SocketConstructor
  clock?: Clock
  /** From 0 up to but not including 1. */
  random?: () => number
  uuid?: () => string
  watchWake?: WatchWake
  lock?: Lock
  upload?: Upload
  /** Keeps unsent messages over a reload; in memory when left out. */
  outboxStore?: OutboxStore
  /** Keeps the sign-in over a reload; in memory when left out. */
  tokenStore?: TokenStore
  /** The refresh token lives in an HttpOnly cookie of the service. */
  cookie?: boolean
  /** A host application gives the tokens: then there is no sign-in here. */
  tokenProvider?: TokenProvider
}

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>

/** All that a page listens to. Room events are described at RoomsEvents, outbox events at OutboxEvents. */
export type ClientEvents = {
  status: SocketStatus
  /** A new socket: my rooms with head and unread count. */
  established: Established
  typing: FrameOf<'typing'>
  receipt: FrameOf<'read_receipt'>
  roomMarkedRead: FrameOf<'room_marked_read'>
  /** My own affairs in a room, changed on one of my devices. */
  participation: FrameOf<'participation'>
  /** A command was refused that was no message of the outbox. */
  refused: FrameOf<'error'>
  frame: RoomsEvents['frame']
  room: RoomsEvents['change']
  reload: RoomsEvents['reload']
  appeared: RoomsEvents['appeared']
  vanished: RoomsEvents['vanished']
  unloaded: RoomsEvents['unloaded']
  outbox: OutboxEvents['change']
  failed: OutboxEvents['failed']
  unkept: OutboxEvents['unkept']
}

/** The whole client: REST, the socket, the order of every room and the messages on their way. */
export class ChatClient {
  readonly api: Api
  readonly outbox: Outbox
  readonly rooms: Rooms
  /** Undefined when a host application gives the tokens. */
  readonly signIn: Tokens | undefined
  readonly #socket: ChatSocket
  readonly #watchWake: WatchWake
  readonly #tokens: TokenSource
  readonly #events: Emitter<ClientEvents> = createEmitter()
  #me: number | undefined
  #lastUser: number | undefined
  #stopWatching: (() => void)[] = []

  constructor(options: ClientOptions) {
    const { clock = systemClock, random = Math.random, watchWake = watchPage, baseUrl, cookie } = options
    const fetch = options.fetch ?? ((...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request))
    const transport = createTransport({ baseUrl, fetch, clock, ...(cookie ? { credentials: 'include' } : {}) })
    const tokens = tokensOf(options, transport, clock)
    const http = createHttp(transport, tokens, clock, random)
    const upload = options.upload ?? createUpload(transport)
    this.#watchWake = watchWake
    this.#tokens = tokens
    this.signIn = tokens instanceof Tokens ? tokens : undefined
    this.api = createApi({ http, tokens, upload, baseUrl })
    const verify = (token: string) => isGood(transport, token)
    this.#socket = new ChatSocket({ baseUrl, WebSocket: options.WebSocket ?? platformSocket(), tokens, clock, random, watchWake, verify })
    this.rooms = new Rooms({ api: this.api, clock, random, emit: (command) => this.#socket.send(command) })
    this.outbox = new Outbox({
      ...{ store: options.outboxStore ?? memoryOutboxStore(), clock, random, uuid: options.uuid ?? (() => crypto.randomUUID()) },
      emit: (command) => this.#socket.send(command),
      post: (entry) => this.#post(entry),
      edit: (id, content) => this.api.editMessage(id, content),
      probe: () => this.#socket.probe(),
    })
    this.#connectParts()
  }

  /** Who is signed in; undefined until that is known. */
  get me(): number | undefined {
    return this.#me
  }

  get status(): SocketStatus {
    return this.#socket.status
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Connects and sends what an earlier page left. Resolves when that has been read; being connected is told by `status`.
   * `expected` is whom an earlier page had signed in: offline, what is written is theirs.
   */
  async start(expected?: number): Promise<void> {
    if (expected !== undefined) this.outbox.expectOwner(expected)
    this.#stopWatching = [
      this.#watchWake((wake) => wake !== 'offline' && this.outbox.lineOpen()),
      this.#tokens.onToken((token) => this.#identify(token === undefined ? undefined : (userIdOf(token) ?? this.#me))),
    ]
    this.#socket.start()
    this.outbox.start()
    await this.outbox.load()
    // Offline the token of an earlier page still says whose messages wait; the socket will say it in any case.
    const token = await this.#tokens.access().catch(() => undefined)
    if (token !== undefined && this.#me === undefined) this.#identify(userIdOf(token))
  }

  /** Closes everything. Resolves when unsent messages are kept. */
  async stop(): Promise<void> {
    for (const stop of this.#stopWatching) stop()
    this.#socket.stop()
    this.rooms.stop()
    await this.outbox.stop()
  }

  /** Queues a message: shown at once, sent as soon as there is a way. */
  send(roomId: string, content: string, replyTo: string | null = null): OutboxEntry {
    return this.outbox.send(roomId, content, replyTo)
  }

  /** Tells the room. Lost without a connection, as it may be: the server forgets it after ten seconds. */
  typing(roomId: string, isTyping: boolean): void {
    this.#socket.send({ type: 'typing', is_typing: isTyping, room_id: roomId })
  }

  /** Moves my read pointer to a message, or to the newest; by REST when the socket is closed. Rejects with an ApiError. */
  async markRead(roomId: string, messageId?: string): Promise<void> {
    const command = messageId
      ? ({ type: 'read_receipt', message_id: messageId, room_id: roomId } as const)
      : ({ type: 'mark_room_read', room_id: roomId } as const)
    if (this.#socket.send(command)) return
    await (messageId ? this.api.markMessageRead(messageId) : this.api.markRoomRead(roomId))
  }

  async #post({ room_id, content, client_id, reply_to }: OutboxEntry) {
    const { id, seq } = await this.api.sendMessage({ room: room_id, content, client_id, ...(reply_to ? { reply_to } : {}) })
    return { id, seq }
  }

  #connectParts(): void {
    const { rooms, outbox } = this
    const socket = this.#socket.events
    socket.on('established', (frame) => this.#established(frame))
    socket.on('frame', (frame) => this.#receive(frame))
    socket.on('lost', () => outbox.lineLost())
    socket.on('status', (status) => this.#events.emit('status', status))
    rooms.events.on('frame', (frame) => {
      if (frame.type === 'chat_message') this.#acknowledge(frame.message)
      this.#events.emit('frame', frame)
    })
    rooms.events.on('reached', ({ room_id, seq }) => this.#reached(room_id, seq))
    rooms.events.on('loaded', ({ room_id }) => {
      for (const message of this.rooms.state(room_id)?.messages.values() ?? []) this.#acknowledge(message)
      this.#reached(room_id, 0)
    })
    rooms.events.on('change', (change) => this.#events.emit('room', change))
    for (const name of ['reload', 'appeared', 'vanished'] as const)
      rooms.events.on(name, (event) => this.#events.emit(name, event as ClientEvents[typeof name]))
    rooms.events.on('unloaded', (event) => this.#events.emit('unloaded', event))
    outbox.events.on('change', (change) => this.#events.emit('outbox', change))
    outbox.events.on('failed', (entry) => this.#events.emit('failed', entry))
    outbox.events.on('unkept', (event) => this.#events.emit('unkept', event))
  }

  #established(frame: Established): void {
    this.#identify(frame.user_id)
    this.rooms.establish(frame)
    this.outbox.lineOpen()
    this.#events.emit('established', frame)
  }

  #identify(userId: number | undefined): void {
    // Another user's rooms and their order are nothing to build on.
    if (userId !== undefined && this.#lastUser !== undefined && userId !== this.#lastUser) this.rooms.clear()
    this.#lastUser = userId ?? this.#lastUser
    this.#me = userId
    this.outbox.setOwner(userId)
  }

  #receive(frame: ClientFrame) {
    switch (frame.type) {
      case 'chat_message':
      case 'message_updated':
      case 'message_deleted':
      case 'room_updated':
      case 'participant_added':
      case 'participant_updated':
      case 'participant_removed':
        return this.rooms.receive(frame)
      case 'room_appeared':
        return this.rooms.appear(frame.room_id, frame)
      case 'resync':
        return this.rooms.resync(frame.room_id, frame)
      case 'read_receipt':
        this.rooms.receipt(frame)
        return this.#events.emit('receipt', frame)
      case 'typing':
        return this.#events.emit('typing', frame)
      case 'ack':
        return this.#acked(frame)
      case 'participation':
        return this.#events.emit('participation', frame)
      case 'room_marked_read':
        return this.#events.emit('roomMarkedRead', frame)
      case 'error':
        return this.#refused(frame)
      default:
        return
    }
  }

  #acked({ client_id, id, seq, room_id }: FrameOf<'ack'>): void {
    this.outbox.acknowledge(client_id, { id, seq })
    this.#reached(room_id, this.rooms.cursor(room_id)?.seq ?? 0)
  }

  /** Only my own: anybody may put a foreign client_id on his messages. */
  #acknowledge(message: { id: string; seq: number; client_id: string | null; sender: { id: number } | null }): void {
    if (message.client_id !== null && message.sender?.id === this.#me) this.outbox.acknowledge(message.client_id, message)
  }

  #reached(roomId: string, seq: number): void {
    if (this.outbox.list(roomId).length === 0) return
    // A watched room shows what its state has, which stays behind while it is being loaded.
    this.outbox.settle(roomId, this.rooms.state(roomId)?.seq ?? seq)
  }

  #refused(frame: FrameOf<'error'>) {
    if (frame.client_id === undefined) return this.#events.emit('refused', frame)
    const failure = { code: frame.code, message: frame.message, status: statusOf(frame.code) }
    this.outbox.refuse(frame.client_id, failure, frame.retry_after)
  }
}

/** A client for a browser or for Node. Nothing happens until `start`. */
export function createChatClient(options: ClientOptions): ChatClient {
  return new ChatClient(options)
}

function tokensOf(options: ClientOptions, transport: Transport, clock: Clock): TokenSource {
  if (options.tokenProvider) return hostTokens(options.tokenProvider, clock)
  const { tokenStore: store = memoryTokenStore(), lock = pageLock, cookie = false } = options
  return new Tokens({ transport, clock, store, lock, cookie })
}

async function isGood(transport: Transport, token: string): Promise<boolean> {
  try {
    await transport({ method: 'POST', path: '/api/token/verify/', body: { token } })
    return true
  } catch (cause) {
    return !(cause instanceof ApiError) || cause.status !== 401
  }
}

function platformSocket(): SocketConstructor {
  const { WebSocket } = globalThis as unknown as { WebSocket?: SocketConstructor }
  if (!WebSocket) throw new TypeError('This platform has no WebSocket: give one in the options.')
  return WebSocket
}

/** The status that goes with a code in schemas/errors.ts, which a page may import only as a type. */
function statusOf(code: string): number {
  if (code === 'too_many_requests') return 429
  if (code === 'unavailable') return 503
  if (code === 'internal') return 500
  if (code === 'conflict') return 409
  const ofIdentity = ['not_authenticated', 'authentication_failed', 'token_not_valid', 'user_not_found', 'user_inactive']
  return ofIdentity.includes(code) ? 401 : 400
}
