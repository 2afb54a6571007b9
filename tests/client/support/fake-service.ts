import type { SocketLike } from '../../../public/client/socket.ts'
import type { DurableFrame, Frame, ReadReceiptFrame } from '../../../schemas/socket.ts'
import { Command, Frame as FrameSchema } from '../../../schemas/socket.ts'
import type { FakeClock } from './fake-clock.ts'
import { ModelRoom } from './model-room.ts'

type Listener = (event: { data: unknown; code: number }) => void
type Asked = { method: string; path: string; query: URLSearchParams; body: Record<string, unknown> }
type Answer = [status: number, body?: unknown]

/** One open line. `deaf`: nothing comes through any more, and nobody says so. */
export class FakeSocket implements SocketLike {
  readonly url: string
  readonly sent: Record<string, unknown>[] = []
  deaf = false
  closed = false
  readonly #listeners = new Map<string, Listener[]>()
  readonly #service: FakeService

  constructor(url: string, service: FakeService) {
    this.url = url
    this.#service = service
    queueMicrotask(() => service.upgrade(this))
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  send(text: string): void {
    const command: unknown = JSON.parse(text)
    this.sent.push(command as Record<string, unknown>)
    if (!this.deaf) queueMicrotask(() => this.#service.command(this, command))
  }

  close(): void {
    this.closed = true
    this.#service.sockets.delete(this)
  }

  /** Everything a client sees is parsed with its schema. */
  hear(frame: Frame | { type: 'pong' }): void {
    if (frame.type !== 'pong') FrameSchema.parse(frame)
    if (!this.closed && !this.deaf)
      for (const listener of this.#listeners.get('message') ?? []) listener({ data: JSON.stringify(frame), code: 0 })
  }

  drop(code: number): void {
    this.close()
    for (const listener of this.#listeners.get('close') ?? []) listener({ data: undefined, code })
  }
}

export function tokenOf(userId: number, from: number, life: number, number: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part({ user_id: String(userId), iat: from / 1_000, exp: (from + life) / 1_000, jti: number })}.signature`
}

/** Server and relay as far as a client can tell, for one user, in memory and at once. */
export class FakeService {
  readonly clock: FakeClock
  readonly rooms = new Map<string, ModelRoom>()
  readonly sockets = new Set<FakeSocket>()
  readonly opened: FakeSocket[] = []
  readonly asked: Asked[] = []
  readonly refreshes = new Map<string, number>()
  readonly stored = new Map<string, { id: string; seq: number }>()
  goodToken = ''
  epoch = 1
  me = 1
  life = 1_800_000
  offline = false
  /** Frames to everybody are lost with this on, as if a relay had forgotten them. */
  losing = false
  answersResume = true
  refuseSend: { code: string; retry_after?: number } | undefined
  silent = false
  /** Answers a request instead of the service. */
  intercept: ((asked: Asked) => Answer | undefined) | undefined
  #tokens = 0

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  readonly WebSocket = (() => {
    const service = this
    return class extends FakeSocket {
      constructor(url: string) {
        super(url, service)
        service.opened.push(this)
      }
    }
  })()

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (this.offline) throw new TypeError('fetch failed')
    const url = new URL(String(input))
    const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {}
    const asked = { method: init?.method ?? 'GET', path: url.pathname, query: url.searchParams, body }
    this.asked.push(asked)
    const authorization = new Headers(init?.headers).get('authorization')
    const [status, answer] = this.intercept?.(asked) ?? this.#answer(asked, authorization)
    return new Response(answer === undefined ? null : JSON.stringify(answer), { status })
  }

  room(id: string, members: number[]): ModelRoom {
    const room = new ModelRoom(id, members)
    this.rooms.set(id, room)
    return room
  }

  pair() {
    const access = tokenOf(this.me, this.clock.now(), this.life, ++this.#tokens)
    const refresh = `refresh-${this.#tokens}`
    this.refreshes.set(refresh, this.me)
    this.goodToken = access
    return { access, refresh }
  }

  publish(frames: readonly (DurableFrame | ReadReceiptFrame | undefined)[]): void {
    if (!this.losing) for (const frame of frames) if (frame) for (const socket of this.sockets) socket.hear(frame)
  }

  upgrade(socket: FakeSocket) {
    if (this.offline) return socket.drop(1006)
    const token = new URL(socket.url).searchParams.get('token')
    if (token !== this.goodToken) return socket.drop(1006)
    this.sockets.add(socket)
    const rooms = [...this.rooms.values()].map(({ id, head }) => ({ room_id: id, seq: head, unread_count: 0 }))
    socket.hear({ type: 'connection_established', user_id: this.me, username: `user${this.me}`, epoch: this.epoch, rooms })
  }

  command(socket: FakeSocket, raw: unknown) {
    if (socket.closed || this.silent) return
    if ((raw as { type: string }).type === 'ping') return socket.hear({ type: 'pong' })
    const command = Command.parse(raw)
    switch (command.type) {
      case 'chat_message':
        return this.#send(socket, command.room_id ?? '', command.message, command.client_id ?? '')
      case 'resume':
        if (this.answersResume) for (const [id, seq] of Object.entries(command.rooms)) this.#resume(socket, id, seq, command.epoch)
        return
      case 'refresh_token':
        return socket.hear({ type: 'token_refreshed', expires_at: new Date(this.clock.now() + this.life).toISOString() })
      default:
        return
    }
  }

  #send(socket: FakeSocket, roomId: string, content: string, client_id: string) {
    const refusal = this.refuseSend
    if (refusal) return socket.hear({ type: 'error', message: 'refused', room_id: roomId, client_id, ...refusal })
    const { id, seq } = this.#store(roomId, content, client_id)
    socket.hear({ type: 'ack', room_id: roomId, client_id, id, seq })
  }

  #store(roomId: string, content: string, client_id: string) {
    const known = this.stored.get(client_id)
    if (known) return known
    const room = this.rooms.get(roomId)
    if (!room) throw new Error(`there is no room ${roomId}`)
    const { id, seq } = room.send(this.me, content, client_id)
    this.stored.set(client_id, { id, seq })
    this.publish(room.changes(seq - 1))
    return { id, seq }
  }

  #resume(socket: FakeSocket, id: string, since: number, epoch: number | undefined) {
    const room = this.rooms.get(id)
    if (!room) return
    const tooFar = since > room.head || room.head - since > 5_000 || (epoch !== undefined && epoch !== this.epoch)
    if (tooFar) return socket.hear({ type: 'resync', room_id: id, seq: room.head, epoch: this.epoch })
    for (const frame of room.changes(since)) socket.hear(frame)
    for (const receipt of room.reads.values()) socket.hear(receipt)
  }

  #answer(asked: Asked, authorization: string | null): Answer {
    const { path, body, query } = asked
    if (path === '/api/token/')
      return body.password === 'right'
        ? [200, { ...this.pair(), user: { id: this.me, username: 'me', email: '', role: 'staff', is_superuser: false } }]
        : [401, { detail: 'No active account found with the given credentials' }]
    if (path === '/api/token/refresh/')
      return this.refreshes.delete(String(body.refresh))
        ? [200, this.pair()]
        : [401, { detail: 'Token is blacklisted', code: 'token_not_valid' }]
    if (path === '/api/token/verify/')
      return body.token === this.goodToken ? [200, {}] : [401, { detail: 'Token is invalid', code: 'token_not_valid' }]
    if (authorization !== `Bearer ${this.goodToken}`)
      return [401, { detail: 'Given token not valid for any token type', code: 'token_not_valid' }]
    if (path === '/api/token/revoke/') return [200, { message: 'Token revoked successfully' }]
    if (asked.method === 'POST' && path === '/api/chat/messages/') {
      const { id, seq } = this.#store(String(body.room), String(body.content), String(body.client_id))
      return [201, { id, seq }]
    }
    const number = (name: string) => (query.has(name) ? { [name]: Number(query.get(name)) } : {})
    if (path === '/api/chat/messages/')
      return [
        200,
        this.rooms
          .get(query.get('room') ?? '')
          ?.messages({ ...number('before'), ...number('after'), ...number('around'), ...number('limit') }),
      ]
    const [, id = '', rest] = /^\/api\/chat\/rooms\/([^/]+)\/(.*)$/.exec(path) ?? []
    const room = this.rooms.get(id)
    if (!room) return [404, { detail: 'No ChatRoom matches the given query.' }]
    if (rest !== 'changes/') return [200, room.room()]
    const events = room.changes(Number(query.get('since')), Number(query.get('limit')))
    return [200, { head: room.head, epoch: this.epoch, events, complete: Number(query.get('since')) + events.length >= room.head }]
  }
}
