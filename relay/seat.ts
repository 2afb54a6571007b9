import type { Effect } from '../schemas/bus.ts'
import type { Connection } from './connection.ts'
import type { LiveRoom } from './room.ts'

/** An event with its frame encoded once for everybody. */
export type LiveEvent = { seq: number; effect: Effect | undefined; frame: Buffer }

/** The same for all: a function of its own would be half a seat. */
const nobodyWaits = () => {}

/**
 * One connection in one room. It is given an event only if that is the next after `seq`: so nothing comes twice, nothing is stepped over and
 * nothing overtakes, whoever offers: the live room, or a replay of the log. What is not given is caught up from the log.
 */
export class Seat {
  readonly connection: Connection
  readonly room: LiveRoom
  seq: number
  /** He was in the room when its history had come to here: a removal up to it is a former one. */
  memberAt: number
  /** In the hands of the replayer. */
  replaying = false
  /** Its `seq` is what a client said and has to be checked against the head. */
  unchecked = false
  /** How often a client put it elsewhere. */
  moves = 0
  /** Has resumed: is told how far everybody has read. */
  wantsReads = false
  left = false
  onReplayed = nobodyWaits

  constructor(connection: Connection, room: LiveRoom, head: number) {
    this.connection = connection
    this.room = room
    this.seq = head
    this.memberAt = head
  }

  /** False when the connection cannot take it now. */
  give(event: LiveEvent): boolean {
    if (event.seq !== this.seq + 1) return true
    if (!this.#isFor(event.effect) || this.connection.offer(event.frame)) this.seq = event.seq
    else return false
    this.#feel(event)
    return true
  }

  /** What is not part of the history. A connection that is behind does without. */
  giveVolatile(event: LiveEvent): void {
    if (this.#isFor(event.effect)) this.connection.offer(event.frame)
    this.#feel(event)
  }

  /** The client reloads by REST and goes on from `head`. */
  resync(head: number): void {
    this.seq = head
    this.unchecked = false
    this.connection.send({ type: 'resync', room_id: this.room.id, seq: head, epoch: this.room.epoch })
  }

  /** To where a client says he is: a replay from there follows. What the room has come to needs no checking. */
  moveTo(seq: number): void {
    this.seq = seq
    this.unchecked = seq > this.room.applied
    this.wantsReads = true
    this.moves++
  }

  isBehind(): boolean {
    return this.unchecked || this.wantsReads || this.seq < this.room.applied
  }

  /** Out of the room: the socket of this room closes, that of all rooms goes on without it. */
  evict(code: number): void {
    if (this.connection.roomId !== undefined) this.connection.close(code)
    this.leave()
  }

  leave(): void {
    if (this.left) return
    this.left = true
    this.connection.seats.remove(this)
    this.room.removeSeat(this)
    this.onReplayed()
  }

  #isFor(effect: Effect | undefined): boolean {
    if (effect?.kind === 'typist') return effect.userId !== this.connection.userId
    if (effect?.kind === 'only') return effect.userId === this.connection.userId
    return effect?.kind !== 'origin' || effect.connectionId !== this.connection.id
  }

  #feel({ seq, effect }: LiveEvent) {
    if (effect && (seq === 0 || seq > this.memberAt)) this.room.feel(this, effect)
  }
}
