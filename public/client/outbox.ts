import type { Command } from '../../schemas/socket.ts'
import { createEmitter } from './emitter.ts'
import { type Clock, createTimers, fullJitter } from './environment.ts'
import { ApiError, isPassing } from './errors.ts'
import type { Failure, OutboxEntry, OutboxStore, Sent } from './outbox-store.ts'

/** `failed` comes once for each failure; with the code `conflict` it is a fault of this client. `unkept`: the store failed, the message goes on its way all the same. */
export type OutboxEvents = { change: { room_id: string }; failed: OutboxEntry; unkept: { cause: unknown } }

export type OutboxOptions = {
  store: OutboxStore
  clock: Clock
  random: () => number
  uuid: () => string
  /** Sends over the open socket; false when there is none. */
  emit: (command: Command) => boolean
  /** Sends by REST. Rejects with an ApiError. */
  post: (entry: OutboxEntry) => Promise<Sent>
  edit: (messageId: string, content: string) => Promise<unknown>
  /** The ack is late: is the line alive? */
  probe: () => void
}

/** Milliseconds from the first attempt over a living line until it counts as failed. */
export const patience = 10_000
const suspicious = 4_000
const firstPause = 1_000
const longestPause = 30_000

/** One attempt. Compared by identity: an answer to an older attempt changes nothing. */
type Flight = { readonly clientId: string; readonly overSocket: boolean }

/**
 * Messages on their way. In each room one is in flight, so that no refusal, lost answer or change of door can turn their order; the rooms do
 * not wait for each other. What is not known to be stored is sent again under the same client_id, which makes repeating harmless; what is
 * refused stays as failed until the user decides. A failed message does not hold up those behind it.
 */
export class Outbox {
  readonly events = createEmitter<OutboxEvents>()
  readonly #options: OutboxOptions
  readonly #timers
  readonly #entries = new Map<string, OutboxEntry>()
  readonly #flights = new Map<string, Flight>()
  /** When the first attempt over a living line was made, by client_id. */
  readonly #since = new Map<string, number>()
  readonly #attempts = new Map<string, number>()
  #writes: Promise<void> = Promise.resolve()
  #lastPosition = 0
  #running = false
  #owner: number | undefined
  /** A token has said who the owner is. */
  #isProven = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#timers = createTimers(options.clock)
  }

  /** Reads what an earlier page left behind. Whatever it had begun may have arrived. */
  async load(): Promise<void> {
    for (const entry of await this.#options.store.list()) {
      if (this.#entries.has(entry.client_id)) continue
      const status = entry.status === 'failed' ? 'failed' : 'queued'
      this.#entries.set(entry.client_id, { ...entry, status, uncertain: entry.uncertain || status === 'queued' })
      this.#lastPosition = Math.max(this.#lastPosition, entry.position)
      this.#changed(entry.room_id)
    }
    this.#pumpAll()
  }

  /** Whose page this is, while there is no token yet to say so: what is written is theirs, and waits. */
  expectOwner(userId: number): void {
    if (this.#isProven) return
    this.#owner = userId
    for (const roomId of this.#rooms()) this.#changed(roomId)
  }

  /** Who is signed in. Messages of others wait until they are back; without anybody, all wait. */
  setOwner(userId: number | undefined): void {
    const isProven = userId !== undefined
    if (userId === this.#owner && isProven === this.#isProven) return
    this.#owner = userId
    this.#isProven = isProven
    for (const entry of this.#entries.values()) {
      if (userId !== undefined && entry.user_id === null) this.#set({ ...entry, user_id: userId })
      else this.#changed(entry.room_id)
    }
    this.#pumpAll()
  }

  start(): void {
    this.#running = true
    this.#pumpAll()
  }

  /** Ends all attempts; what is not known to be stored stays in the store. Resolves when the store has it. */
  stop(): Promise<void> {
    this.#running = false
    this.#timers.clearAll()
    this.lineLost()
    return this.#writes
  }

  /** Puts a message at the end of its room's queue and begins to send it. It can be shown at once. */
  send(room_id: string, content: string, reply_to: string | null = null): OutboxEntry {
    this.#lastPosition = Math.max(this.#lastPosition + 1, this.#options.clock.now())
    const client_id = this.#options.uuid()
    const entry: OutboxEntry = {
      ...{ client_id, room_id, user_id: this.#owner ?? null, content, reply_to, position: this.#lastPosition },
      ...{ status: 'queued', failure: null, uncertain: false, amended: null, sent: null },
    }
    this.#set(entry)
    this.#pump(room_id)
    return this.#entries.get(client_id) ?? entry
  }

  /** The messages of a room that are not yet in its history, in their order. */
  list(roomId?: string): OutboxEntry[] {
    const isMine = (entry: OutboxEntry) => entry.user_id === null || entry.user_id === this.#owner
    const entries = [...this.#entries.values()].filter((entry) => isMine(entry) && (roomId === undefined || entry.room_id === roomId))
    return entries.sort((one, other) => one.position - other.position)
  }

  /** Sends a failed message again, under the same client_id. */
  retry(clientId: string): void {
    const entry = this.#entries.get(clientId)
    if (entry?.status !== 'failed') return
    this.#set({ ...entry, status: 'queued', failure: null })
    this.#pump(entry.room_id)
  }

  /** Changes the text and sends again. Where the first text may have been stored, it is followed by an edit instead of a second message. */
  edit(clientId: string, content: string): void {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    const isSame = content === entry.content
    if (entry.status === 'sent' && isSame) return
    const fixed = entry.uncertain || entry.status === 'sending' || entry.sent !== null
    const text = fixed ? { amended: entry.sent === null && isSame ? null : content } : { content, amended: null }
    if (entry.status === 'failed' || entry.status === 'sent') this.#set({ ...entry, ...text, status: 'queued', failure: null })
    else this.#set({ ...entry, ...text })
    this.#pump(entry.room_id)
  }

  /** Forgets a message. If an attempt was under way, it may still appear. */
  discard(clientId: string): void {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#remove(entry)
    this.#pump(entry.room_id)
  }

  /** The server has it: an ack, or the own message in the room's history. May come twice, late, and after a failure. */
  acknowledge(clientId: string, sent: Sent): void {
    const entry = this.#entries.get(clientId)
    if (!entry || entry.sent) return
    this.#land(entry)
    this.#attempts.delete(clientId)
    if (entry.amended !== null) {
      // Also after a failure: now that the first text stands, leaving it there would show the others what its author has replaced.
      this.#set({ ...entry, status: 'queued', failure: null, sent })
    } else {
      this.#entries.set(clientId, { ...entry, status: 'sent', failure: null, sent })
      this.#write(() => this.#options.store.delete(clientId))
      this.#changed(entry.room_id)
    }
    this.#pump(entry.room_id)
  }

  /** The room's history has been applied up to here: what was sent is shown by it now. */
  settle(roomId: string, seq: number): void {
    for (const entry of this.#entries.values()) {
      const isShown = entry.room_id === roomId && entry.status === 'sent' && entry.sent !== null && entry.sent.seq <= seq
      if (!isShown) continue
      this.#entries.delete(entry.client_id)
      this.#changed(roomId)
    }
  }

  /** The answer to the attempt over the socket. `retryAfter` is in seconds. */
  refuse(clientId: string, failure: Failure, retryAfter?: number): void {
    const entry = this.#entries.get(clientId)
    const flight = entry && this.#flights.get(entry.room_id)
    if (flight?.overSocket && flight.clientId === clientId) this.#refused(flight, failure, retryAfter)
  }

  /** The socket is gone: what was on it may have arrived. */
  lineLost(): void {
    for (const flight of [...this.#flights.values()]) if (flight.overSocket) this.#comeBack(flight, 0)
    if (this.#running) this.#pumpAll()
  }

  /** There is a socket, or the network is back: no reason to wait any longer. */
  lineOpen(): void {
    this.#attempts.clear()
    for (const roomId of this.#rooms()) if (!this.#timers.has(`slow:${roomId}`)) this.#timers.clear(`pause:${roomId}`)
    this.#pumpAll()
  }

  #rooms(): Set<string> {
    return new Set([...this.#entries.values()].map((entry) => entry.room_id))
  }

  #pumpAll(): void {
    for (const roomId of this.#rooms()) this.#pump(roomId)
  }

  #pump(roomId: string): void {
    if (!this.#running || !this.#isProven || this.#flights.has(roomId) || this.#timers.has(`pause:${roomId}`)) return
    const entry = this.list(roomId).find(({ status }) => status === 'queued')
    if (entry) this.#attempt(entry)
  }

  #attempt(entry: OutboxEntry): void {
    const { client_id, room_id, content, reply_to, sent, amended } = entry
    const command: Command = { type: 'chat_message', room_id, message: content, client_id, ...(reply_to ? { reply_to } : {}) }
    // Set before anything is sent: an answer may come while sending.
    this.#entries.set(client_id, { ...entry, status: 'sending' })
    this.#changed(room_id)
    const flight: Flight = { clientId: client_id, overSocket: !sent && this.#options.emit(command) }
    if (this.#entries.get(client_id)?.status !== 'sending') return
    this.#flights.set(room_id, flight)
    this.#watch(flight, entry)
    if (flight.overSocket) return
    const done = sent && amended !== null ? this.#options.edit(sent.id, amended).then(() => sent) : this.#options.post(entry)
    done.then(
      (stored) => (sent ? this.#finishEdit(client_id, amended) : this.acknowledge(client_id, stored)),
      (cause: unknown) => this.#rejected(flight, cause),
    )
  }

  #watch(flight: Flight, entry: OutboxEntry): void {
    const now = this.#options.clock.now()
    const since = this.#since.get(entry.client_id) ?? now
    this.#since.set(entry.client_id, since)
    if (flight.overSocket) this.#timers.set(`late:${entry.room_id}`, suspicious, () => this.#options.probe())
    this.#timers.set(`patience:${entry.room_id}`, Math.max(1, since + patience - now), () => this.#giveUp(flight))
  }

  #giveUp(flight: Flight): void {
    const entry = this.#inFlight(flight)
    if (entry) this.#fail({ ...entry, uncertain: true }, { code: 'timeout', message: 'No answer came in time.', status: 0 })
  }

  #rejected(flight: Flight, cause: unknown) {
    if (!this.#inFlight(flight)) return
    if (!(cause instanceof ApiError)) return this.#comeBack(flight, firstPause)
    if (cause.status === 0) return this.#comeBack(flight, this.#pauseOf(flight))
    this.#refused(flight, { code: cause.code, message: cause.message, status: cause.status }, cause.retryAfter)
  }

  #refused(flight: Flight, failure: Failure, retryAfter: number | undefined) {
    const entry = this.#inFlight(flight)
    if (!entry) return
    if (failure.status === 401) return this.#comeBack(flight, firstPause)
    if (failure.status === 429) return this.#slowDown(flight, entry, retryAfter)
    if (!isPassing(failure)) return this.#fail(entry, failure)
    const since = this.#since.get(entry.client_id) ?? this.#options.clock.now()
    const pause = this.#pauseOf(flight)
    if (this.#options.clock.now() + pause - since >= patience) return this.#fail({ ...entry, uncertain: true }, failure)
    this.#comeBack(flight, pause)
    this.#since.set(entry.client_id, since)
  }

  #slowDown(flight: Flight, entry: OutboxEntry, retryAfter: number | undefined): void {
    const pause = (retryAfter ?? 5) * 1_000
    this.#timers.set(`slow:${entry.room_id}`, pause, () => undefined)
    this.#comeBack(flight, pause, { ...entry, ...textOf(entry) })
  }

  /** Back to the queue, in its old place; the room waits that long, so that nothing overtakes it. It may be stored, unless `as` knows better. */
  #comeBack(flight: Flight, pause: number, as?: OutboxEntry): void {
    const entry = this.#inFlight(flight)
    if (!entry) return
    this.#land(entry)
    this.#set({ ...(as ?? { ...entry, uncertain: true }), status: 'queued' })
    if (pause === 0) return
    this.#timers.set(`pause:${entry.room_id}`, pause, () => this.#pump(entry.room_id))
  }

  #fail(entry: OutboxEntry, failure: Failure): void {
    this.#land(entry)
    const failed: OutboxEntry = { ...entry, ...textOf(entry), status: 'failed', failure }
    this.#set(failed)
    this.events.emit('failed', failed)
    this.#pump(entry.room_id)
  }

  /** The wish may have changed while the edit was under way: then it is edited once more. */
  #finishEdit(clientId: string, written: string | null): void {
    const entry = this.#entries.get(clientId)
    if (!entry) return
    this.#land(entry)
    if (entry.amended !== null && entry.amended !== written) this.#set({ ...entry, status: 'queued' })
    else this.#remove(entry)
    this.#pump(entry.room_id)
  }

  #inFlight(flight: Flight): OutboxEntry | undefined {
    const entry = this.#entries.get(flight.clientId)
    return entry && this.#flights.get(entry.room_id) === flight ? entry : undefined
  }

  /** The attempt is over, however it ended. */
  #land({ client_id, room_id }: OutboxEntry): void {
    this.#since.delete(client_id)
    if (this.#flights.get(room_id)?.clientId !== client_id) return
    this.#flights.delete(room_id)
    this.#timers.clear(`late:${room_id}`)
    this.#timers.clear(`patience:${room_id}`)
  }

  #pauseOf({ clientId }: Flight): number {
    const attempt = this.#attempts.get(clientId) ?? 0
    this.#attempts.set(clientId, attempt + 1)
    return Math.max(100, fullJitter(this.#options.random, attempt, firstPause, longestPause))
  }

  #set(entry: OutboxEntry): void {
    this.#entries.set(entry.client_id, entry)
    this.#write(() => this.#options.store.put(entry))
    this.#changed(entry.room_id)
  }

  #remove(entry: OutboxEntry): void {
    this.#land(entry)
    this.#entries.delete(entry.client_id)
    this.#attempts.delete(entry.client_id)
    this.#write(() => this.#options.store.delete(entry.client_id))
    this.#changed(entry.room_id)
  }

  /** In their order, and never in the way of sending. */
  #write(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(write).catch((cause: unknown) => this.events.emit('unkept', { cause }))
  }

  #changed(room_id: string): void {
    this.events.emit('change', { room_id })
  }
}

/** Of a message that was refused. Nothing is stored for certain: then the text that was wanted last is the text. */
function textOf({ content, amended, uncertain, sent }: OutboxEntry): Partial<OutboxEntry> {
  return uncertain || sent ? {} : { content: amended ?? content, amended: null }
}
