import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isBehind,
  meetHead,
  mostHeld,
  type RoomOrder,
  receive,
  receiveChanges,
  receiveFrame,
  receiveResync,
  type Step,
  startOrder,
} from '../../public/client/order.ts'
import { comparable, type RoomState, stateFromRest } from '../../public/client/state.ts'
import { beginLoad, feedView, finishLoad, type RoomView, settleView, startView } from '../../public/client/view.ts'
import type { DurableFrame, ReadReceiptFrame } from '../../schemas/socket.ts'
import { type Deed, deeds, ModelRoom } from './support/model-room.ts'

const room = '0190aaaa-0000-7000-8000-000000000001'

/** What the network and the server do next. Numbers choose among what is under way. */
type Turn =
  | { kind: 'deed'; deed: Deed }
  | { kind: 'deliver' | 'lose' | 'double' | 'answer' | 'resync' | 'changes'; which: number }
  | { kind: 'reconnect' | 'loaded' }
  | { kind: 'restore'; count: number }

const which = fc.nat({ max: 30 })
const turns: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deed' as const), deed: deeds }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'double' as const), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('answer' as const, 'changes' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resync' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reconnect' as const, 'loaded' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), count: fc.nat({ max: 6 }) }) },
)

/** A client of one room on a network that loses, doubles and reorders. */
class Observer {
  readonly server = new ModelRoom(room, [1, 2])
  epoch = 1
  order: RoomOrder<DurableFrame> = startOrder({ seq: 0, epoch: undefined })
  view: RoomView = startView(undefined)
  /** The seqs applied one by one, in their order; a reload begins it anew. */
  applied: number[] = []
  appliedFrom = 0
  loading: { answer: RoomState } | undefined
  wire: (DurableFrame | ReadReceiptFrame)[] = []

  constructor() {
    this.load(0)
  }

  take({ order, applied, ask }: Step<DurableFrame>): void {
    this.order = order
    if (ask === 'reload') {
      this.applied = []
      this.appliedFrom = order.cursor.seq - applied.length
      this.load(this.appliedFrom)
    }
    this.applied.push(...applied.map(({ seq }) => seq))
    this.view = feedView(this.view, applied)
  }

  load(from: number): void {
    this.view = beginLoad(this.view, from)
    this.loading = { answer: stateFromRest(this.server.room(), this.#page()) }
  }

  turn(turn: Turn) {
    const item = 'which' in turn ? this.wire[turn.which % Math.max(1, this.wire.length)] : undefined
    switch (turn.kind) {
      case 'deed':
        return void this.wire.push(...this.server.do(turn.deed))
      case 'deliver':
      case 'double':
        if (item) this.receive(item)
        if (turn.kind === 'deliver') this.wire = this.wire.filter((other) => other !== item)
        return
      case 'lose':
        // A receipt is a state: it is not in the log, so only a reconnect makes up for a lost one.
        this.wire = this.wire.filter((other) => other !== item || other.type === 'read_receipt')
        return
      case 'answer':
        return void this.wire.push(...this.server.changes(this.order.cursor.seq))
      case 'changes':
        return this.changes(1 + turn.which)
      case 'resync':
        return this.take(receiveResync(this.order, { seq: this.server.head, epoch: this.epoch }))
      case 'loaded':
        return this.loaded()
      case 'reconnect':
        return this.reconnect()
      case 'restore':
        this.server.lose(turn.count)
        this.epoch += 1
        return this.reconnect()
    }
  }

  receive(frame: DurableFrame | ReadReceiptFrame): void {
    if (frame.type === 'read_receipt') this.view = feedView(this.view, [frame])
    else this.take(receiveFrame(this.order, frame))
  }

  changes(limit: number): void {
    const since = this.order.cursor.seq
    const events = this.server.changes(since, limit)
    this.take(receiveChanges(this.order, since, { head: this.server.head, epoch: this.epoch, events, complete: events.length < limit }))
  }

  reconnect(): void {
    this.wire = []
    this.take(meetHead(this.order, { seq: this.server.head, epoch: this.epoch }))
    for (const receipt of this.server.reads.values()) this.wire.push(receipt)
  }

  loaded(): void {
    if (!this.loading) return
    const view = finishLoad(this.view, this.loading.answer)
    this.loading = undefined
    if (view) this.view = view
    else this.load(this.order.cursor.seq)
  }

  /** The network is well again. */
  heal(): void {
    this.reconnect()
    while (isBehind(this.order)) for (const frame of this.server.changes(this.order.cursor.seq)) this.receive(frame)
    for (const frame of this.wire) this.receive(frame)
    while (this.loading) this.loaded()
    this.view = settleView(this.view)
  }

  #page() {
    const { results } = this.server.messages()
    return { messages: results, range: { from: 0, to: Infinity } }
  }
}

test('the applied log is without hole, doubling or inversion, and the state equals a fresh one, whatever the network does', () => {
  const schedule = fc.array(turns, { maxLength: 150, size: 'max' })
  const promise = (schedule: Turn[]) => {
    const observer = new Observer()
    for (const turn of schedule) {
      observer.turn(turn)
      expect(observer.applied).toEqual(observer.applied.map((_, index) => observer.appliedFrom + 1 + index))
    }
    observer.heal()
    expect(observer.appliedFrom + observer.applied.length).toBe(observer.server.head)
    const { results } = observer.server.messages()
    const fresh = stateFromRest(observer.server.room(), { messages: results, range: { from: 0, to: Infinity } })
    expect(observer.view.state && comparable(observer.view.state)).toEqual(comparable(fresh))
  }
  fc.assert(fc.property(schedule, promise), { numRuns: 600 })
})

test('the next is applied, the past dropped, a hole asked for', () => {
  const cursor = { seq: 7, epoch: 1 }
  expect([6, 7, 8, 9].map((seq) => receive(cursor, { seq }))).toEqual(['drop', 'drop', 'apply', 'resume'])
})

test('a hole is asked for once, and what was held behind it follows', () => {
  const first = receiveFrame(startOrder<{ seq: number }>({ seq: 1, epoch: 1 }), { seq: 3 })
  const second = receiveFrame(first.order, { seq: 4 })
  const filled = receiveFrame(second.order, { seq: 2 })
  expect([first.ask, second.ask, filled.ask]).toEqual(['resume', 'nothing', 'nothing'])
  expect(filled.applied.map(({ seq }) => seq)).toEqual([2, 3, 4])
  expect(filled.order.held.size).toBe(0)
})

test('what lies behind a second hole stays held', () => {
  let order = startOrder<{ seq: number }>({ seq: 1, epoch: 1 })
  const applied: number[] = []
  for (const seq of [3, 6, 2, 5, 4]) {
    const step = receiveFrame(order, { seq })
    order = step.order
    applied.push(...step.applied.map((frame) => frame.seq))
  }
  expect(applied).toEqual([2, 3, 4, 5, 6])
})

test('a full hold forgets frames, but not that they exist', () => {
  let order: RoomOrder<{ seq: number }> = startOrder({ seq: 0, epoch: 1 })
  for (let seq = 2; seq < mostHeld + 12; seq += 1) order = receiveFrame(order, { seq }).order
  expect(order.held.size).toBe(mostHeld)
  order = receiveFrame(order, { seq: 1 }).order
  expect([order.cursor.seq, isBehind(order)]).toEqual([mostHeld + 1, true])
})

test('another epoch reloads, and so does the first one known', () => {
  const unknown = meetHead(startOrder({ seq: 3, epoch: undefined }), { seq: 3, epoch: 5 })
  expect([unknown.ask, unknown.order.cursor]).toEqual(['reload', { seq: 3, epoch: 5 }])
  const other = meetHead(unknown.order, { seq: 2, epoch: 6 })
  expect([other.ask, other.order.cursor]).toEqual(['reload', { seq: 2, epoch: 6 }])
})

test('a cursor ahead of the head asks the server, who decides', () => {
  const ahead = meetHead(startOrder({ seq: 9, epoch: 1 }), { seq: 7, epoch: 1 })
  expect([ahead.ask, ahead.order.cursor.seq]).toEqual(['resume', 9])
  const told = receiveResync(ahead.order, { seq: 7, epoch: 1 })
  expect([told.ask, told.order.cursor.seq]).toEqual(['reload', 7])
})
