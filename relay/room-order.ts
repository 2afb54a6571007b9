import type { BackendAnswer } from '../schemas/backend.ts'
import { type BusEvent, decodeEvents } from '../schemas/bus.ts'
import { furthestResume } from '../schemas/socket.ts'
import { HeldEvents } from './held.ts'
import type { RelayContext } from './options.ts'

type OrderListener = {
  /** The next event of the room. */
  onNext: (event: BusEvent) => void
  /** Everything up to `head` was passed over: too much to give it one by one, or another history. */
  onPassedOver: (head: number, isOtherHistory: boolean) => void
}

const eventsAtOnce = 500

/** The history of one room as it comes: each event once and in its place, whatever the bus loses, doubles or reorders. */
export class RoomOrder {
  /** The last event given out. -1 until the head is known. */
  applied = -1
  epoch = 0
  readonly #id: string
  readonly #context: RelayContext
  readonly #listener: OrderListener
  readonly #held: HeldEvents
  /** The highest seq that the server named. */
  #head = 0
  #catching = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(id: string, context: RelayContext, listener: OrderListener) {
    this.#id = id
    this.#context = context
    this.#listener = listener
    this.#held = new HeldEvents(context.options.holdLimit)
  }

  /** What the server says of the room: the first time, the place where it begins here. Epochs only grow: a lower one is an answer that was long on its way. */
  meetHead(head: number, epoch: number): void {
    if (this.applied < 0) this.#begin(head, epoch)
    else if (epoch > this.epoch) this.#restart(head, epoch)
    else if (epoch === this.epoch && head > this.applied) {
      this.#head = Math.max(this.#head, head)
      this.#waitForOthers()
    }
  }

  /** Applies an event in its place. Beyond the next place: held, and the hole is asked for once, for all seats. */
  receive(event: BusEvent): void {
    if (this.applied >= 0 && event.seq <= this.applied) return
    if (this.applied < 0 || event.seq > this.applied + 1) this.#hold(event)
    else {
      this.#apply(event)
      this.#drain()
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#held.clear()
  }

  #begin(head: number, epoch: number) {
    this.applied = head
    this.epoch = epoch
    this.#held.dropUpTo(head)
    this.#drain()
    if (this.#isBehind()) this.#waitForOthers()
  }

  #apply(event: BusEvent) {
    this.applied = event.seq
    this.#listener.onNext(event)
  }

  #drain() {
    for (let next = this.#held.take(this.applied + 1); next; next = this.#held.take(this.applied + 1)) this.#apply(next)
  }

  #hold(event: BusEvent) {
    this.#held.add(event)
    if (this.applied < 0) return
    const { bus, options } = this.#context
    if (this.#held.isFull) void this.#catchUp()
    else this.#waitForOthers(bus.isUp() ? options.holdTimeout : options.holdTimeoutWithoutBus)
  }

  #waitForOthers(ms = this.#context.options.holdTimeout) {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#catchUp()
    }, ms)
  }

  #isBehind() {
    this.#held.dropUpTo(this.applied)
    return !this.#closed && (this.applied < this.#head || !this.#held.isEmpty || this.#held.overflown)
  }

  /** One at a time, for all. What fails is tried again by the next sweep. */
  async #catchUp() {
    if (this.#catching) return
    this.#catching = true
    try {
      while (this.#isBehind() && (await this.#askOnce()));
    } catch (err) {
      this.#context.log.debug({ roomId: this.#id, err }, 'catching up failed')
    } finally {
      this.#catching = false
    }
  }

  /** False when that led nowhere. */
  async #askOnce(): Promise<boolean> {
    const since = this.applied
    const asked = this.#held.seqs()
    this.#held.overflown = false
    const page = await this.#context.backend.ask('changes', { room_id: this.#id, since, limit: eventsAtOnce })
    if (this.#closed || page.epoch < this.epoch) return false
    if (page.epoch > this.epoch) this.#restart(page.head, page.epoch)
    else this.#takePage(page)
    this.#head = page.head
    this.#held.dropForged(asked, page.head)
    return this.applied > since || this.applied >= page.head
  }

  #takePage({ head, events }: BackendAnswer<'changes'>) {
    if (head - this.applied <= furthestResume) {
      for (const event of decodeEvents(events)) if (event.seq === this.applied + 1) this.receive(event)
      return
    }
    this.applied = head
    this.#listener.onPassedOver(head, false)
    this.#drain()
  }

  #restart(head: number, epoch: number) {
    this.applied = head
    this.epoch = epoch
    this.#head = head
    this.#held.clear()
    this.#listener.onPassedOver(head, true)
  }
}
