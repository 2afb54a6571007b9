import type { Clock } from '../../../public/client/environment.ts'

/** Lets everything that is already due in promises happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #now = 1_000_000
  #timers: { due: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { due: this.#now + milliseconds, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Runs what becomes due, in order, with the promises that follow from each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settled()
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#now = Math.max(this.#now, timer.due)
      this.#timers = this.#timers.filter((other) => other !== timer)
      timer.run()
      await settled()
    }
    this.#now = end
  }

  /** The machine was suspended for so long, and its timers did not run. */
  suspend(milliseconds: number): void {
    this.#now += milliseconds
  }

  #next(end: number) {
    return this.#timers.filter(({ due }) => due <= end).sort((one, other) => one.due - other.due)[0]
  }
}
