import { randomBytes } from 'node:crypto'
import type { Histogram } from '../measure/histogram.ts'
import type { Dialect } from './dialects.ts'
import { MarkReader, markedText, numbers } from './marks.ts'
import { RawSocket } from './raw-socket.ts'

/** A socket to be opened: one person in one room. */
export type SeatPlan = { number: number; port: number; path: string; room: string; token: string }

/** What a process of the load has seen. */
export type Counters = { sent: number; echoed: number; delivered: number; latencies: Histogram; lateness: Histogram }

type Options = {
  plan: SeatPlan
  dialect: Dialect
  counters: Counters
  textLength: number
  onEcho: (seat: Seat) => void
  onLost: (reason: string) => void
}

/** A `client_id` is good for one message for ever: no load repeats one of another. */
const ownName = randomBytes(6).toString('base64url')
/** Echoes that may be outstanding for one seat. */
const ringSize = 4_096
/** Milliseconds by which the load itself may be late without that counting as the system's. */
const slack = 2

/** One socket that sends and counts what comes. */
export class Seat {
  readonly ready: Promise<void>
  readonly #options: Options
  readonly #socket: RawSocket
  readonly #marks = new MarkReader()
  #isReady = false
  #markReady: () => void = () => undefined
  #next = 0
  /** When the messages were sent, by their number. */
  #times: Float64Array | undefined

  constructor(options: Options) {
    this.#options = options
    const { plan, dialect, onLost } = options
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve
    })
    this.#socket = new RawSocket({
      port: plan.port,
      path: plan.path,
      onOpen: () => this.#onOpen(),
      onFrame: (bytes, start, end) =>
        this.#isReady ? this.#onFrame(bytes, start, end) : this.#onEarlyFrame(bytes.toString('utf8', start, end)),
      onLost: (reason) =>
        onLost(`seat ${plan.number}: ${reason} (${dialect.isReady ? '' : 'no '}handshake, ${this.#isReady ? 'ready' : 'not ready'})`),
    })
  }

  /**
   * `dueAt` is when it was to be sent, on the clock of performance.now. The latency counts from the sending, or from
   * `dueAt` where the sending was late: whatever held it up must not hide.
   */
  send(dueAt?: number): void {
    const { plan, dialect, counters, textLength } = this.#options
    const number = this.#next
    this.#next = (number + 1) % numbers
    const now = performance.now()
    if (dueAt !== undefined) counters.lateness.add(now - dueAt)
    this.#times ??= new Float64Array(ringSize)
    this.#times[number % ringSize] = dueAt !== undefined && now - dueAt > slack ? dueAt : now
    counters.sent++
    this.#socket.send(dialect.message(markedText(plan.number, number, textLength), `${ownName}:${plan.number}`, number))
  }

  close(): void {
    this.#socket.close()
  }

  #onOpen() {
    const { dialect, plan } = this.#options
    const greeting = dialect.greeting(plan)
    if (greeting !== undefined) this.#socket.send(greeting)
    if (!dialect.isReady) this.#beReady()
  }

  #onEarlyFrame(frame: string) {
    if (this.#options.dialect.isReady?.(frame)) this.#beReady()
  }

  #beReady() {
    this.#isReady = true
    this.#markReady()
  }

  #onFrame(bytes: Buffer, start: number, end: number) {
    const { plan, dialect, counters, onEcho } = this.#options
    if (!this.#marks.read(bytes, start, end)) {
      const answer = dialect.answer(bytes, start, end)
      if (answer !== undefined) this.#socket.send(answer)
      return
    }
    counters.delivered++
    if (this.#marks.seat !== plan.number) return
    counters.echoed++
    counters.latencies.add(performance.now() - (this.#times?.[this.#marks.number % ringSize] ?? 0))
    onEcho(this)
  }
}
