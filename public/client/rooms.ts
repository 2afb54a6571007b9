import type { Command, DurableFrame, ReadReceiptFrame } from '../../schemas/socket.ts'
import type { Api, Stretch } from './api.ts'
import { createEmitter } from './emitter.ts'
import { type Clock, createTimers, fullJitter } from './environment.ts'
import { ApiError } from './errors.ts'
import {
  type Head,
  isBehind,
  meetHead,
  type RoomOrder,
  receiveChanges,
  receiveFrame,
  receiveResync,
  type Step,
  startOrder,
} from './order.ts'
import type { Established } from './socket.ts'
import { type RoomState, stateFromRest } from './state.ts'
import { beginLoad, extendView, feedView, finishLoad, type RoomView, settleView, startView } from './view.ts'

export type RoomsEvents = {
  /** A durable frame in its place: each once, in the order of the room. */
  frame: DurableFrame
  /** The state of a watched room is another one now. */
  change: { room_id: string }
  /** Every event up to `seq` is behind us, one by one or (after a reload) at once. */
  reached: { room_id: string; seq: number }
  /** Events were passed over: what is shown of this room has to be fetched again. Watched rooms do it by themselves. */
  reload: { room_id: string; seq: number }
  /** A watched room has its state from REST. */
  loaded: { room_id: string }
  /** I have come into a room, or am no longer in it. */
  appeared: { room_id: string }
  vanished: { room_id: string }
  /** A watched room could not be loaded; it is tried again unless the room is gone. */
  unloaded: { room_id: string; error: unknown }
}

export type RoomsOptions = {
  api: Pick<Api, 'room' | 'loadMessages' | 'changes'>
  clock: Clock
  random: () => number
  /** False when there is no open socket. */
  emit: (command: Command) => boolean
}

type Room = {
  readonly id: string
  order: RoomOrder<DurableFrame>
  view: RoomView | undefined
  /** Times that a hole was asked about without the cursor moving. */
  asked: number
  seqWhenAsked: number
  /** Loads of another number than the last are out of date. */
  load: number
  failedLoads: number
  catchingUp: boolean
}

/** Rooms in one `resume`: keeps it far under 64 KiB. */
const roomsAtOnce = 500
const resumeSoon = 20
const answerWithin = 3_000
const asksBySocket = 2
const eventsAtOnce = 500

/** Every room of the user in its order, and the state of those that are watched. */
export class Rooms {
  readonly events = createEmitter<RoomsEvents>()
  readonly #options: RoomsOptions
  readonly #timers
  readonly #rooms = new Map<string, Room>()
  /** The last seq of rooms that I left: late doubles of it do not bring them back. */
  readonly #left = new Map<string, number>()
  readonly #toResume = new Set<string>()
  #me = 0
  #epoch: number | undefined

  constructor(options: RoomsOptions) {
    this.#options = options
    this.#timers = createTimers(options.clock)
  }

  stop(): void {
    this.#timers.clearAll()
    this.#toResume.clear()
  }

  /** Forgets everything, as for another user. */
  clear(): void {
    this.stop()
    this.#rooms.clear()
    this.#left.clear()
    this.#epoch = undefined
  }

  /** The last seq applied of a room, or undefined for a room that is not mine. */
  cursor(roomId: string) {
    return this.#rooms.get(roomId)?.order.cursor
  }

  ids(): string[] {
    return [...this.#rooms.keys()]
  }

  /** Begins to keep the state of a room. `cached` is shown until the fresh one is there. Loading again and again is safe. */
  watch(roomId: string, cached?: RoomState): void {
    const room = this.#rooms.get(roomId) ?? this.#add(roomId, { seq: 0, epoch: undefined })
    if (room.view) return
    room.view = startView(cached)
    this.#load(room)
  }

  unwatch(roomId: string): void {
    const room = this.#rooms.get(roomId)
    if (!room) return
    room.view = undefined
    room.load += 1
    this.#timers.clear(`load:${roomId}`)
  }

  /** The state of a watched room; undefined until it is loaded. */
  state(roomId: string): RoomState | undefined {
    const room = this.#rooms.get(roomId)
    if (!room?.view) return undefined
    room.view = settleView(room.view)
    return room.view.state
  }

  /** Loads more of a watched room's past into its state. Rejects with an ApiError. */
  async loadMore(roomId: string, stretch: Stretch): Promise<void> {
    const asked = this.state(roomId)?.seq
    const load = this.#rooms.get(roomId)?.load
    const page = await this.#options.api.loadMessages(roomId, stretch)
    const room = this.#rooms.get(roomId)
    const state = this.state(roomId)
    if (asked === undefined || !state || !room?.view || room.load !== load) return
    room.view = extendView(room.view, page, asked)
    this.events.emit('change', { room_id: roomId })
  }

  /** A new socket: what it names is mine, the rest is not; rooms that are behind are asked for. */
  establish({ user_id, epoch, rooms }: Established): void {
    this.#me = user_id
    this.#epoch = epoch
    this.#timers.clear('resume')
    this.#toResume.clear()
    const named = new Set(rooms.map(({ room_id }) => room_id))
    for (const id of this.ids()) if (!named.has(id)) this.#remove(id)
    for (const { room_id, seq } of rooms) this.#meet(room_id, { seq, epoch })
    this.#resumeNow()
  }

  /** The user has come into a room; its frames follow. */
  appear(roomId: string, head: Head): void {
    this.#meet(roomId, head)
    this.#resumeNow()
  }

  #meet(roomId: string, head: Head) {
    const room = this.#rooms.get(roomId)
    this.#left.delete(roomId)
    if (!room) {
      this.#add(roomId, head)
      return this.events.emit('appeared', { room_id: roomId })
    }
    room.asked = 0
    if (room.order.cursor.epoch === undefined && room.view) this.#adopt(room, room.view, head)
    else this.#step(room, meetHead(room.order, head))
    // Receipts are no events: the relay sends them anew for each room that resumes.
    if (room.view) this.#toResume.add(roomId)
  }

  /** Watched before the relay spoke of it: a state that has the head, or is being loaded and will have it, need not be read twice. */
  #adopt(room: Room, view: RoomView, head: Head): void {
    room.order = startOrder(head)
    const isLoading = view.loadingFrom !== undefined
    if (isLoading) room.view = { ...view, loadingFrom: head.seq }
    else if ((view.state?.seq ?? 0) < head.seq) this.#reload(room, head.seq)
    this.events.emit('reached', { room_id: room.id, seq: head.seq })
  }

  receive(frame: DurableFrame): void {
    const room = this.#rooms.get(frame.room_id) ?? this.#appear(frame)
    if (!room) return
    // Watched before the relay spoke of it: its history begins here, and with a state that is read from now on.
    const epoch = this.#epoch
    if (room.order.cursor.epoch === undefined && epoch !== undefined) this.#step(room, meetHead(room.order, { seq: frame.seq - 1, epoch }))
    this.#step(room, receiveFrame(room.order, frame))
  }

  resync(roomId: string, head: Head): void {
    const room = this.#rooms.get(roomId)
    if (room) this.#step(room, receiveResync(room.order, head))
  }

  receipt(frame: ReadReceiptFrame): void {
    const room = this.#rooms.get(frame.room_id)
    if (room?.view) this.#feed(room, room.view, [frame])
  }

  #appear(frame: DurableFrame): Room | undefined {
    if (frame.seq <= (this.#left.get(frame.room_id) ?? 0)) return undefined
    this.#left.delete(frame.room_id)
    const room = this.#add(frame.room_id, { seq: frame.seq - 1, epoch: this.#epoch })
    this.events.emit('appeared', { room_id: frame.room_id })
    return room
  }

  #add(id: string, cursor: { seq: number; epoch: number | undefined }): Room {
    const fresh = { asked: 0, seqWhenAsked: 0, load: 0, failedLoads: 0, catchingUp: false }
    const room: Room = { id, order: startOrder(cursor), view: undefined, ...fresh }
    this.#rooms.set(id, room)
    return room
  }

  #remove(id: string): void {
    const room = this.#rooms.get(id)
    if (!room) return
    room.load += 1
    this.#left.set(id, room.order.cursor.seq)
    this.#rooms.delete(id)
    for (const name of ['load', 'stuck']) this.#timers.clear(`${name}:${id}`)
    this.events.emit('vanished', { room_id: id })
  }

  #step(room: Room, step: Step<DurableFrame>) {
    room.order = step.order
    const { seq } = room.order.cursor
    // The load begins before its first frames are fed: what it must contain is what was applied before it.
    if (step.ask === 'reload') this.#reload(room, seq - step.applied.length)
    if (room.view) this.#feed(room, room.view, step.applied)
    for (const frame of step.applied) this.events.emit('frame', frame)
    if (step.applied.length > 0 || step.ask === 'reload') this.events.emit('reached', { room_id: room.id, seq })
    if (step.applied.some((frame) => this.#endsIt(frame))) return this.#remove(room.id)
    if (step.ask === 'resume') this.#resumeSoon(room)
    if (isBehind(room.order)) this.#watchHole(room)
    else this.#timers.clear(`stuck:${room.id}`)
  }

  #endsIt(frame: DurableFrame): boolean {
    if (frame.type === 'participant_removed') return frame.user_id === this.#me
    return frame.type === 'room_updated' && frame.room.is_deleted
  }

  #feed(room: Room, view: RoomView, frames: readonly (DurableFrame | ReadReceiptFrame)[]): void {
    if (frames.length === 0) return
    room.view = feedView(view, frames)
    this.events.emit('change', { room_id: room.id })
  }

  #reload(room: Room, seq: number): void {
    this.events.emit('reload', { room_id: room.id, seq })
    if (room.view) this.#load(room, seq)
  }

  #load(room: Room, from = room.order.cursor.seq): void {
    if (!room.view) return
    room.view = beginLoad(room.view, from)
    room.load += 1
    const load = room.load
    const isCurrent = () => room.load === load
    this.#fetchState(room.id).then(
      (state) => isCurrent() && this.#loaded(room, state),
      (error: unknown) => isCurrent() && this.#notLoaded(room, error),
    )
  }

  /** The room first: its messages are then no older than its seq. */
  async #fetchState(roomId: string): Promise<RoomState> {
    const room = await this.#options.api.room(roomId)
    return stateFromRest(room, await this.#options.api.loadMessages(roomId))
  }

  #loaded(room: Room, state: RoomState) {
    const view = room.view && finishLoad(room.view, state)
    if (!view) return this.#loadLater(room)
    room.view = view
    room.failedLoads = 0
    this.events.emit('change', { room_id: room.id })
    this.events.emit('loaded', { room_id: room.id })
  }

  #notLoaded(room: Room, error: unknown): void {
    this.events.emit('unloaded', { room_id: room.id, error })
    const isGone = error instanceof ApiError && (error.status === 403 || error.status === 404)
    if (!isGone) this.#loadLater(room)
  }

  #loadLater(room: Room): void {
    room.failedLoads += 1
    const delay = Math.max(200, fullJitter(this.#options.random, room.failedLoads, 500, 30_000))
    this.#timers.set(`load:${room.id}`, delay, () => this.#load(room))
  }

  #resumeSoon(room: Room): void {
    this.#toResume.add(room.id)
    if (!this.#timers.has('resume')) this.#timers.set('resume', resumeSoon, () => this.#resumeNow())
  }

  #resumeNow(): void {
    this.#timers.clear('resume')
    const rooms = [...this.#toResume].flatMap((id) => this.#rooms.get(id) ?? [])
    this.#toResume.clear()
    for (let start = 0; start < rooms.length; start += roomsAtOnce) {
      const some = rooms.slice(start, start + roomsAtOnce)
      const seqs = Object.fromEntries(some.map(({ id, order }) => [id, order.cursor.seq]))
      this.#options.emit({ type: 'resume', rooms: seqs, ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }) })
    }
    for (const room of rooms) if (isBehind(room.order)) this.#watchHole(room)
  }

  /** A resume has no answer of its own: what shows is whether the cursor moves. If it does not, REST knows. */
  #watchHole(room: Room): void {
    const name = `stuck:${room.id}`
    if (this.#timers.has(name)) return
    room.seqWhenAsked = room.order.cursor.seq
    this.#timers.set(name, answerWithin * Math.min(room.asked + 1, 10), () => {
      if (!isBehind(room.order)) return
      const moved = room.order.cursor.seq > room.seqWhenAsked
      room.asked = moved ? 0 : room.asked + 1
      // Moving, but not yet there: the answer is long, and asking again would only make it longer.
      if (!moved && room.asked >= asksBySocket) void this.#catchUp(room)
      else if (!moved) this.#resumeSoon(room)
      this.#watchHole(room)
    })
  }

  async #catchUp(room: Room): Promise<void> {
    if (room.catchingUp) return
    room.catchingUp = true
    try {
      while (this.#rooms.get(room.id) === room && isBehind(room.order)) {
        const since = room.order.cursor.seq
        const changes = await this.#options.api.changes(room.id, since, eventsAtOnce)
        if (this.#rooms.get(room.id) !== room) return
        const step = receiveChanges(room.order, since, changes)
        this.#step(room, step.ask === 'resume' ? { ...step, ask: 'nothing' } : step)
        if (room.order.cursor.seq <= since) return
      }
    } catch {
      // The watch over the hole is still running and comes back to it.
    } finally {
      room.catchingUp = false
    }
  }
}
