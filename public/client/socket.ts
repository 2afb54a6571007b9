import type { Command, Frame } from '../../schemas/socket.ts'
import { createEmitter } from './emitter.ts'
import { type Clock, createTimers, fullJitter, type Wake, type WatchWake } from './environment.ts'
import { SignedOutError } from './errors.ts'
import { lifetimeOf } from './jwt.ts'
import { leadOf, type TokenSource } from './tokens.ts'

/** The part of the standard WebSocket that is used: a browser's, or the one of `ws`. */
export interface SocketLike {
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void
  addEventListener(type: 'error', listener: () => void): void
}
export type SocketConstructor = new (url: string) => SocketLike

/** Asks the relay for a sign of life; protocol pings cannot be sent or seen by a page. Answered by `pong`; any frame counts as an answer. */
export type PingCommand = { type: 'ping' }
export type ClientCommand = Command | PingCommand
export type ClientFrame = Frame | { type: 'pong' }
export type Established = Extract<Frame, { type: 'connection_established'; rooms: unknown }>

/** `waiting` is between two attempts; `since` is when the phase began, in milliseconds since 1970. */
export type SocketStatus = { phase: 'stopped' | 'connecting' | 'open' | 'waiting' | 'signed_out'; since: number }
export type SocketEvents = { status: SocketStatus; established: Established; frame: ClientFrame; lost: { code: number } }

export type SocketOptions = {
  /** http(s); the socket's address is made from it. */
  baseUrl: string
  WebSocket: SocketConstructor
  tokens: TokenSource
  clock: Clock
  random: () => number
  watchWake: WatchWake
  /** Whether the server would take this token; true when it cannot be asked. A browser is not told why an upgrade was refused. */
  verify: (token: string) => Promise<boolean>
}

const connectWithin = 10_000
const stableAfter = 10_000
const idle = 25_000
const answerWithin = 10_000
/** When the machine says that something changed, and when an ack is late. */
const hurriedAnswerWithin = 4_000

/** The close codes that this client knows, as in schemas/socket.ts. */
const codes = { abnormal: 1006, restart: 1012, token: 4401, tooSlow: 4408, tooFast: 4429 }

/** One socket for all rooms: comes back by itself until it is stopped, and keeps its token fresh. */
export class ChatSocket {
  readonly events = createEmitter<SocketEvents>()
  readonly #options: SocketOptions
  readonly #timers
  #status: SocketStatus
  #socket: SocketLike | undefined
  /** What belongs to an older attempt is ignored. */
  #generation = 0
  #attempt = 0
  #token = ''
  #refused: string | undefined
  #heardAt = 0
  #answerBy = 0
  #lostBy: number = codes.abnormal
  #stopListening: (() => void)[] = []

  constructor(options: SocketOptions) {
    this.#options = options
    this.#timers = createTimers(options.clock)
    this.#status = { phase: 'stopped', since: options.clock.now() }
  }

  get status(): SocketStatus {
    return this.#status
  }

  start(): void {
    if (this.#status.phase !== 'stopped') return
    this.#stopListening = [
      this.#options.watchWake((wake) => this.#wake(wake)),
      this.#options.tokens.onToken((token) => this.#useToken(token)),
    ]
    void this.#connect()
  }

  stop(): void {
    for (const stop of this.#stopListening) stop()
    this.#stopListening = []
    this.#drop('stopped', 1000)
  }

  /** False when there is no open socket: nothing was sent. True says only that it is on its way. */
  send(command: ClientCommand): boolean {
    if (this.#status.phase !== 'open' || !this.#socket) return false
    this.#socket.send(JSON.stringify(command))
    return true
  }

  /** Finds out soon whether the line is dead; a dead one is given up. */
  probe(): void {
    this.#ping(hurriedAnswerWithin)
  }

  async #connect(): Promise<void> {
    const generation = ++this.#generation
    this.#timers.clearAll()
    this.#setPhase('connecting')
    try {
      const token = await this.#nextToken()
      if (generation === this.#generation) this.#open(token, generation)
    } catch (cause) {
      if (generation !== this.#generation) return
      if (cause instanceof SignedOutError) this.#drop('signed_out', codes.abnormal)
      else this.#lose(codes.abnormal)
    }
  }

  async #nextToken(): Promise<string> {
    const { tokens, verify } = this.#options
    const refused = this.#refused
    this.#refused = undefined
    if (refused !== undefined) return tokens.renew(refused)
    const token = await tokens.access()
    const suspicious = this.#attempt > 0 && this.#attempt % 2 === 0
    return suspicious && !(await verify(token)) ? tokens.renew(token) : token
  }

  #open(token: string, generation: number): void {
    const url = `${this.#options.baseUrl.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/chat/?token=${encodeURIComponent(token)}`
    const socket = new this.#options.WebSocket(url)
    const current = () => generation === this.#generation
    this.#token = token
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => current() && this.#hear(data))
    socket.addEventListener('close', ({ code }) => current() && this.#lose(code))
    // A close follows every error; without a listener some sockets throw.
    socket.addEventListener('error', () => undefined)
    this.#timers.set('connect', connectWithin, () => this.#lose(codes.abnormal))
  }

  #hear(text: unknown) {
    this.#heardAt = this.#options.clock.now()
    this.#timers.clear('answer')
    const frame = parse(text)
    if (!frame) return
    if (frame.type === 'connection_established' && 'rooms' in frame) return this.#established(frame)
    if (this.#status.phase === 'open') this.events.emit('frame', frame)
  }

  #established(frame: Established): void {
    this.#timers.clear('connect')
    this.#timers.set('stable', stableAfter, () => {
      this.#attempt = 0
    })
    this.#watchIdle()
    this.#watchExpiry()
    this.#setPhase('open')
    this.events.emit('established', frame)
  }

  /** One timer, whatever the traffic: it looks when the line was last heard. */
  #watchIdle(): void {
    const quiet = this.#options.clock.now() - this.#heardAt
    this.#timers.set('idle', Math.max(1, idle - quiet), () => {
      if (this.#options.clock.now() - this.#heardAt >= idle) this.#ping(answerWithin)
      this.#watchIdle()
    })
  }

  #ping(within: number): void {
    const by = this.#options.clock.now() + within
    // A question that is already out is not given more time by asking again.
    if (this.#timers.has('answer') && this.#answerBy <= by) return
    if (!this.send({ type: 'ping' })) return
    this.#answerBy = by
    this.#timers.set('answer', within, () => this.#lose(codes.abnormal))
  }

  #watchExpiry(delay?: number) {
    const { tokens, clock } = this.#options
    const expires = tokens.expiresAt()
    if (expires === undefined) return this.#timers.clear('expiry')
    const token = this.#token
    // Without a new token the socket closes with 4401 and the reconnect asks again, so a failure here is only tried later.
    const again = () => token === this.#token && this.#watchExpiry(15_000)
    const due = delay ?? expires - clock.now() - leadOf(lifetimeOf(token))
    this.#timers.set('expiry', Math.max(1_000, due), () => void tokens.renew(token).then(again, again))
  }

  #useToken(token: string | undefined) {
    if (token === undefined) return this.#drop('signed_out', 1000)
    if (this.#status.phase === 'signed_out') return void this.#connect()
    if (token === this.#token || !this.send({ type: 'refresh_token', token })) return
    this.#token = token
    this.#watchExpiry()
  }

  #lose(code: number) {
    if (code === codes.token) {
      this.#refused = this.#token
      // Refused with a new token as well: then it is no matter of the token, and no reason to hurry.
      if (this.#attempt === 0) return this.#retryIn(code, 0)
    }
    this.#retryIn(code, this.#delayAfter(code))
  }

  #retryIn(code: number, delay: number): void {
    this.#attempt += 1
    this.#lostBy = code
    this.#drop('waiting', code)
    this.#timers.set('retry', delay, () => void this.#connect())
  }

  #delayAfter(code: number): number {
    const { random } = this.#options
    const backoff = fullJitter(random, this.#attempt, 500, 30_000)
    if (code === codes.tooFast) return 5_000 + Math.max(backoff, random() * 10_000)
    if (code === codes.restart && this.#attempt === 0) return random() * 3_000
    return backoff
  }

  #drop(phase: SocketStatus['phase'], code: number): void {
    const socket = this.#socket
    const wasOpen = this.#status.phase === 'open'
    this.#generation += 1
    this.#socket = undefined
    this.#timers.clearAll()
    socket?.close(1000)
    this.#setPhase(phase)
    if (wasOpen) this.events.emit('lost', { code })
  }

  #wake(wake: Wake) {
    if (this.#status.phase === 'open') return this.probe()
    // Who was told to slow down does not come earlier for it.
    const mayHurry = this.#status.phase === 'waiting' && this.#lostBy !== codes.tooFast
    if (wake !== 'offline' && mayHurry) void this.#connect()
  }

  #setPhase(phase: SocketStatus['phase']): void {
    if (phase === this.#status.phase) return
    this.#status = { phase, since: this.#options.clock.now() }
    this.events.emit('status', this.#status)
  }
}

function parse(text: unknown): ClientFrame | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const frame: unknown = JSON.parse(text)
    // Our own relay speaks: the type is trusted, and types of frames that are not known are passed over by whoever listens.
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as ClientFrame) : undefined
  } catch {
    return undefined
  }
}
