import { type BusEvent, decodeEvents, type Effect, lastSeqOf } from '../schemas/bus.ts'
import { closeCodes } from '../schemas/socket.ts'
import type { RelayContext } from './options.ts'
import { RoomOrder } from './room-order.ts'
import type { LiveEvent, Seat } from './seat.ts'
import { encodeFrame } from './wire.ts'

export type RoomListener = {
  onArchived: (room: LiveRoom) => void
  /** He was put out because he is no participant any more. He may have become one again since. */
  onPutOut: (seat: Seat) => void
}

type RoomParts = RelayContext & RoomListener & { onEmpty: (room: LiveRoom) => void }

/** Characters of a frame at most: a message of 10 000 characters has 120 000 when each is escaped, its quote included. */
const longestFrame = 256 * 1024

/** A room that somebody here is in: what comes for it is put into its order and given to its seats. */
export class LiveRoom {
  readonly id: string
  readonly seats = new Set<Seat>()
  /** Those who are about to sit down keep the room, too. */
  joining = 0
  /** As of what was applied: nobody may write in it. */
  archived = false
  /** Settled when the subscription is confirmed, or was given up for now. */
  readonly subscribed: Promise<void>
  readonly #parts: RoomParts
  readonly #order: RoomOrder
  #closed = false
  /** Participants have to be asked about again: their removal may have been among what was passed over. */
  #unverified = false

  constructor(id: string, subscribed: Promise<void>, parts: RoomParts) {
    this.id = id
    this.subscribed = subscribed
    this.#parts = parts
    this.#order = new RoomOrder(id, parts, {
      onNext: (event) => this.#fanOut(event),
      onPassedOver: (head, isOtherHistory) => this.#passOver(head, isOtherHistory),
    })
  }

  /** The last event given out. -1 until the head is known. */
  get applied(): number {
    return this.#order.applied
  }

  get epoch(): number {
    return this.#order.epoch
  }

  /** What the server says of the room: the first time, the place where it begins here. */
  meetHead(head: number, epoch: number): void {
    this.#order.meetHead(head, epoch)
    if (this.#unverified) void this.#verifyMembers()
  }

  /** As of a head that the server named. What was applied since knows it better. */
  meetArchived(archived: boolean, head: number): void {
    if (head >= this.applied) this.#setArchived(archived)
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
    if (this.#closed || this.seats.size > 0 || this.joining > 0) return
    this.#closed = true
    this.#order.close()
    this.#parts.onEmpty(this)
  }

  /** A text of the bus. One whose end is known, since a server told it sooner with its answers, brings nothing. */
  hear(text: string): void {
    const last = lastSeqOf(text)
    if (last > 0 && last <= this.applied) return
    for (const event of decodeEvents(text)) {
      if (!isSane(event)) continue
      if (event.seq === 0) this.#giveVolatile(event)
      else this.#order.receive(event)
    }
  }

  /** What an event does to somebody sitting here. */
  feel(seat: Seat, effect: Effect): void {
    if (effect.kind === 'removed' && effect.userId === seat.connection.userId) this.#putOutOne(seat)
    if (effect.kind === 'deleted') seat.evict(closeCodes.roomGone)
  }

  /** The room is no more. */
  end(): void {
    for (const seat of this.seats) seat.evict(closeCodes.roomGone)
  }

  #setArchived(archived: boolean) {
    if (archived === this.archived) return
    this.archived = archived
    if (archived) this.#parts.onArchived(this)
  }

  #fanOut(event: BusEvent) {
    const live = liveEvent(event)
    const kind = event.effect?.kind
    if (kind === 'archived' || kind === 'restored') this.#setArchived(kind === 'archived')
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
    const live = liveEvent(event)
    for (const seat of this.seats) seat.giveVolatile(live)
  }

  #passOver(head: number, isOtherHistory: boolean) {
    for (const seat of this.seats) if (isOtherHistory || seat.seq < head) seat.resync(head)
    void this.#verifyMembers()
  }

  #putOutOne(seat: Seat) {
    seat.evict(closeCodes.notParticipant)
    this.#parts.onPutOut(seat)
  }

  async #verifyMembers() {
    const seats = [...this.seats]
    this.#unverified = false
    for (const seat of seats) seat.memberAt = Math.max(seat.memberAt, this.applied)
    try {
      const userIds = seats.map((seat) => seat.connection.userId)
      const asOf = this.applied
      const { present, archived } = await this.#parts.backend.ask('members', { room_id: this.id, user_ids: userIds })
      this.meetArchived(archived, asOf)
      for (const [index, seat] of seats.entries()) if (present[index] === false) this.#putOutOne(seat)
    } catch {
      this.#unverified = true
    }
  }
}

/** With its frame made once for everybody. */
export function liveEvent({ seq, effect, frame }: BusEvent): LiveEvent {
  return { seq, effect, frame: encodeFrame(frame) }
}

/** What no server of ours publishes is dropped: what was real of it comes from the log. */
function isSane({ frame }: BusEvent): boolean {
  return frame.length <= longestFrame && frame.startsWith('{') && frame.endsWith('}')
}
