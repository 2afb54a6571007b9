import type { BackendAnswer } from '../schemas/backend.ts'
import { type BusEvent, decodeEvents, type Effect } from '../schemas/bus.ts'
import { closeCodes, furthestResume } from '../schemas/socket.ts'
import { HeldEvents } from './held.ts'
import type { RelayContext } from './options.ts'
import type { LiveEvent, Seat } from './seat.ts'

export type RoomParts = RelayContext & { onEmpty: (room: LiveRoom) => void }

const eventsAtOnce = 500
/** Characters of a frame at most: a message of 10 000 characters has 120 000 when each is escaped, its quote included. */
const longestFrame = 256 * 1024

/** A room that somebody here is in: what comes for it is put into its order and given to its seats. */
export class LiveRoom {
  readonly id: string
  readonly seats = new Set<Seat>()
  /** The last event given out. -1 until the head is known. */
  applied = -1
  epoch = 0
  /** Those who are about to sit down keep the room, too. */
  joining = 0
  closed = false
  /** Settled when the subscription is confirmed, or was given up for now. */
  readonly subscribed: Promise<void>
  readonly #parts: RoomParts
  readonly #held: HeldEvents
  /** The highest seq that the server named. */
  #head = 0
  #catching = false
  /** Participants have to be asked about again: their removal may have been among what was passed over. */
  #unverified = false
  #timer: NodeJS.Timeout | undefined

  constructor(id: string, subscribed: Promise<void>, parts: RoomParts) {
    this.id = id
    this.subscribed = subscribed
    this.#parts = parts
    this.#held = new HeldEvents(parts.options.holdLimit)
  }

  /** What the server says of the room: the first time, the place where it begins here. */
  meetHead(head: number, epoch: number): void {
    if (this.applied < 0) {
      this.applied = head
      this.epoch = epoch
      this.#held.dropUpTo(head)
      this.#drain()
      if (!this.#held.isEmpty) this.#waitForOthers()
    } else if (epoch > this.epoch) this.#restart(head, epoch)
    else if (epoch < this.epoch) return
    else if (head > this.applied) {
      this.#head = Math.max(this.#head, head)
      this.#waitForOthers()
    }
    if (this.#unverified) void this.#verifyMembers()
  }

  addSeat(seat: Seat): void {
    this.seats.add(seat)
  }

  removeSeat(seat: Seat): void {
    this.seats.delete(seat)
    this.letGo()
  }

  /** Ends the room here when nobody needs it. */
  letGo(): void {
    if (this.closed || this.seats.size > 0 || this.joining > 0) return
    this.closed = true
    clearTimeout(this.#timer)
    this.#held.clear()
    this.#parts.onEmpty(this)
  }

  /** A text of the bus. */
  hear(text: string): void {
    for (const event of decodeEvents(text)) if (isSane(event)) this.receive(event)
  }

  /** Applies an event in its place. Beyond the next place: held, and the hole is asked for once, for all seats. */
  receive(event: BusEvent) {
    if (event.seq === 0) return this.#giveVolatile(event)
    if (this.applied >= 0 && event.seq <= this.applied) return
    if (this.applied < 0 || event.seq > this.applied + 1) return this.#hold(event)
    this.#fanOut(event)
    this.#drain()
  }

  /** What an event does to somebody sitting here. */
  feel(seat: Seat, effect: Effect): void {
    if (effect.kind === 'removed' && effect.userId === seat.connection.userId) seat.evict(closeCodes.notParticipant)
    if (effect.kind === 'deleted') seat.evict(closeCodes.roomGone)
  }

  /** The room is no more. */
  end(): void {
    for (const seat of this.seats) seat.evict(closeCodes.roomGone)
  }

  #fanOut(event: BusEvent) {
    this.applied = event.seq
    const live = { seq: event.seq, effect: event.effect, frame: Buffer.from(event.frame) }
    for (const seat of this.seats) seat.give(live)
    if (event.effect) this.#putOut(live, event.effect)
  }

  /** Who has not come as far as the event that ends his stay does not stay until he has. */
  #putOut({ seq }: LiveEvent, effect: Effect) {
    for (const seat of this.seats) {
      if (seq <= seat.memberAt || seat.seq >= seq) continue
      this.feel(seat, effect)
      // On the socket of all rooms he would not see why: after a reconnect he does.
      if (seat.left) seat.connection.close(closeCodes.tooSlow)
    }
  }

  #giveVolatile(event: BusEvent) {
    const live = { seq: 0, effect: event.effect, frame: Buffer.from(event.frame) }
    for (const seat of this.seats) seat.giveVolatile(live)
  }

  #drain() {
    for (let next = this.#held.take(this.applied + 1); next; next = this.#held.take(this.applied + 1)) this.#fanOut(next)
  }

  #hold(event: BusEvent) {
    this.#held.add(event)
    if (this.applied < 0) return
    if (this.#held.isFull) void this.#catchUp()
    else this.#waitForOthers()
  }

  #waitForOthers() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#isBehind()) void this.#catchUp()
    }, this.#parts.options.holdTimeout)
  }

  #isBehind() {
    this.#held.dropUpTo(this.applied)
    return !this.closed && (this.applied < this.#head || !this.#held.isEmpty || this.#held.overflown)
  }

  /** One at a time, for all. What fails is tried again by the next sweep. */
  async #catchUp() {
    if (this.#catching) return
    this.#catching = true
    try {
      while (this.#isBehind() && (await this.#askOnce()));
    } catch (err) {
      this.#parts.log.debug({ roomId: this.id, err }, 'catching up failed')
    } finally {
      this.#catching = false
    }
  }

  /** False when that led nowhere. */
  async #askOnce(): Promise<boolean> {
    const since = this.applied
    const asked = this.#held.seqs()
    this.#held.overflown = false
    const answer = await this.#parts.backend.ask('changes', { room_id: this.id, since, limit: eventsAtOnce })
    if (this.closed) return false
    if (answer.epoch < this.epoch) return false
    if (answer.epoch > this.epoch) this.#restart(answer.head, answer.epoch)
    else this.#takePage(answer)
    this.#head = answer.head
    this.#held.dropForged(asked, answer.head)
    return this.applied > since || this.applied >= answer.head
  }

  #takePage({ head, events }: BackendAnswer<'changes'>) {
    if (head - this.applied > furthestResume) return this.#passOver(head)
    for (const event of decodeEvents(events)) if (event.seq <= this.applied + 1) this.receive(event)
  }

  /** Too much to give one by one. */
  #passOver(head: number) {
    this.applied = head
    this.#held.dropUpTo(head)
    for (const seat of this.seats) if (seat.seq < head) seat.resync(head)
    void this.#verifyMembers()
  }

  /** Another epoch is another history. They only grow: a lower one is an answer that was long on its way. */
  #restart(head: number, epoch: number) {
    this.applied = head
    this.epoch = epoch
    this.#head = head
    this.#held.clear()
    for (const seat of this.seats) seat.resync(head)
    void this.#verifyMembers()
  }

  async #verifyMembers() {
    const seats = [...this.seats]
    this.#unverified = false
    for (const seat of seats) seat.memberAt = Math.max(seat.memberAt, this.applied)
    try {
      const userIds = seats.map((seat) => seat.connection.userId)
      const { present } = await this.#parts.backend.ask('members', { room_id: this.id, user_ids: userIds })
      for (const [index, seat] of seats.entries()) if (present[index] === false) seat.evict(closeCodes.notParticipant)
    } catch {
      this.#unverified = true
    }
  }
}

/** What no server of ours publishes is dropped: what was real of it comes from the log. */
function isSane({ frame }: BusEvent): boolean {
  return frame.length <= longestFrame && frame.startsWith('{') && frame.endsWith('}')
}
