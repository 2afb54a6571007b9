import type { Seat } from './seat.ts'

/** The seats of one connection, by their rooms. Most connections have one: that lies here by itself, since a Map for it would take more than it does. */
export class Seats {
  #only: Seat | undefined
  #several: Map<string, Seat> | undefined

  in(roomId: string): Seat | undefined {
    if (this.#several) return this.#several.get(roomId)
    return this.#only?.room.id === roomId ? this.#only : undefined
  }

  add(seat: Seat): void {
    if (!this.#several && !this.#only) {
      this.#only = seat
      return
    }
    this.#several ??= new Map()
    for (const one of [this.#only, seat]) if (one) this.#several.set(one.room.id, one)
    this.#only = undefined
  }

  remove(seat: Seat): void {
    if (this.#only === seat) this.#only = undefined
    this.#several?.delete(seat.room.id)
  }

  *[Symbol.iterator](): Iterator<Seat> {
    if (this.#only) yield this.#only
    if (this.#several) yield* this.#several.values()
  }
}
