/** Milliseconds that a sum of fractions can be wrong by. */
const roundedOff = 0.001

/**
 * How often something may happen: `limit` times at once, and then as often as that comes to over `periodMs`. It is one number, the time at which all
 * that happened would be worked off if each took its part of the period; times are milliseconds of one clock.
 */
export class Rate {
  readonly #each: number
  readonly #period: number
  #workedOff = Number.NEGATIVE_INFINITY

  constructor(limit: number, periodMs: number) {
    this.#each = periodMs / limit
    this.#period = periodMs
  }

  /** Milliseconds until it may happen once more; 0 when it may now. */
  wait(now: number): number {
    const wait = this.#workedOff + this.#each - this.#period - now
    return wait > roundedOff ? wait : 0
  }

  count(now: number): void {
    this.#workedOff = Math.max(this.#workedOff, now) + this.#each
  }

  /** Nothing counts any more: it is as good as a new one. */
  isIdle(now: number): boolean {
    return this.#workedOff <= now
  }
}
