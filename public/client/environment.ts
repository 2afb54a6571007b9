/** Time as the client sees it, so that tests need not wait. Milliseconds. */
export interface Clock {
  now(): number
  /** Runs once after that time; what is returned cancels it. */
  after(milliseconds: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}

/** Resolves after that time. */
export function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(milliseconds, resolve)
  })
}

/** Timers by name: setting one again replaces it. */
export function createTimers(clock: Clock) {
  const cancels = new Map<string, () => void>()
  const clear = (name: string) => {
    cancels.get(name)?.()
    cancels.delete(name)
  }
  return {
    set(name: string, milliseconds: number, run: () => void): void {
      clear(name)
      const due = () => {
        cancels.delete(name)
        run()
      }
      cancels.set(name, clock.after(Math.max(0, milliseconds), due))
    },
    clear,
    has: (name: string) => cancels.has(name),
    clearAll: () => [...cancels.keys()].forEach(clear),
  }
}

/** Something happened to the machine after which the line may be dead, or back. */
export type Wake = 'online' | 'offline' | 'visible'
/** Listens until the returned function is called. */
export type WatchWake = (listener: (wake: Wake) => void) => () => void

type Listening = {
  addEventListener?: (type: string, listener: () => void) => void
  removeEventListener?: (type: string, listener: () => void) => void
}
type Page = Listening & { document?: Listening & { visibilityState?: string } }

/** The browser's own signs; none in Node. */
export const watchPage: WatchWake = (listener) => {
  const page = globalThis as unknown as Page
  const { document } = page
  if (!document) return () => undefined
  const online = () => listener('online')
  const offline = () => listener('offline')
  const visible = () => document.visibilityState === 'visible' && listener('visible')
  const pairs: [Listening, string, () => void][] = [
    [page, 'online', online],
    [page, 'offline', offline],
    [document, 'visibilitychange', visible],
  ]
  for (const [target, type, run] of pairs) target.addEventListener?.(type, run)
  return () => {
    for (const [target, type, run] of pairs) target.removeEventListener?.(type, run)
  }
}

/** Runs one at a time among everybody who uses the same name. */
export type Lock = <Answer>(name: string, run: () => Promise<Answer>) => Promise<Answer>

type Locks = { locks?: { request<Answer>(name: string, run: () => Promise<Answer>): Promise<Answer> } }

/** One at a time among all tabs of a browser; in Node there is nobody else. */
export const pageLock: Lock = (name, run) => {
  const { navigator } = globalThis as unknown as { navigator?: Locks }
  return navigator?.locks ? navigator.locks.request(name, run) : run()
}

/** The full range from 0 to a bound that doubles: clients that were cut off together do not come back together. */
export function fullJitter(random: () => number, attempt: number, first: number, longest: number): number {
  return random() * Math.min(longest, first * 2 ** Math.min(attempt, 30))
}
