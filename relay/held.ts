import type { BusEvent } from '../schemas/bus.ts'

/** Events of one room that wait for those before them. At most `limit`; what finds no place comes with the next catch-up. */
export class HeldEvents {
  /** Something found no place since the last catch-up was asked for. */
  overflown = false
  readonly #limit: number
  readonly #events = new Map<number, BusEvent>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#events.size === 0
  }

  get isFull(): boolean {
    return this.#events.size >= this.#limit
  }

  add(event: BusEvent): void {
    if (this.#events.has(event.seq)) return
    if (this.isFull) this.overflown = true
    else this.#events.set(event.seq, event)
  }

  take(seq: number): BusEvent | undefined {
    const event = this.#events.get(seq)
    if (event) this.#events.delete(seq)
    return event
  }

  seqs(): number[] {
    return [...this.#events.keys()]
  }

  dropUpTo(seq: number): void {
    for (const held of this.#events.keys()) if (held <= seq) this.#events.delete(held)
  }

  /** Of those that were `asked` about, drops what the server knows nothing of: it was never stored. */
  dropForged(asked: readonly number[], head: number): void {
    for (const seq of asked) if (seq > head) this.#events.delete(seq)
  }

  clear(): void {
    this.#events.clear()
    this.overflown = false
  }
}
