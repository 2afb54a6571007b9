import type { Bus } from '../schemas/bus.ts'
import { paced } from './pace.ts'

/** Requests by one. `shared` is what all servers had counted together when this one had told of `told` of its `own`. */
type Counted = { own: number; told: number; shared: number }

type Options = {
  bus: Pick<Bus, 'count'>
  windowMs: number
  /** Milliseconds from the beginning of one batch to that of the next, at least. */
  pause?: number
  /** Milliseconds since 1970: windows begin at the same moments everywhere. */
  now?: () => number
}

export type RequestCounts = {
  /** Counts one more for the key: how many it has in this window, and the milliseconds until the next. */
  add(key: string): { current: number; ttl: number }
  /** Forgets a window that is over, though nobody has asked in the next. */
  sweep(): void
  /** Keys that are remembered. */
  size(): number
}

/**
 * Counts requests in windows of time: at once in the memory of this process, and behind that over the bus, where the counts of all servers add up. So
 * no request waits for Redis, and without Redis each server counts for itself. Servers together let through more than one alone would by what
 * comes to the others within `pause` and a round trip to Redis.
 */
export function createRequestCounts({ bus, windowMs, pause = 25, now = Date.now }: Options): RequestCounts {
  let window = 0
  let counts = new Map<string, Counted>()
  let untold = new Map<string, Counted>()
  let telling = false

  function turn(): void {
    const current = Math.floor(now() / windowMs)
    if (current === window) return
    window = current
    counts = new Map()
    untold = new Map()
  }

  /** One batch at a time, each with all that came during the one before. What fails is told with the key's next request. */
  async function tell(): Promise<void> {
    if (telling) return
    telling = true
    while (untold.size > 0) await paced(pause, tellBatch)
    telling = false
  }

  async function tellBatch(): Promise<void> {
    const batch = [...untold].map(([key, counted]) => ({ counter: `${key}:${window}`, counted, upTo: counted.own }))
    untold = new Map()
    const added = new Map(batch.map(({ counter, counted }) => [counter, counted.own - counted.told]))
    const totals = await bus.count(added, 2 * windowMs)
    for (const { counter, counted, upTo } of batch) {
      const total = totals.get(counter)
      if (total !== undefined) Object.assign(counted, { shared: total, told: upTo })
    }
  }

  return {
    add(key) {
      turn()
      const counted = counts.get(key) ?? { own: 0, told: 0, shared: 0 }
      counts.set(key, counted)
      untold.set(key, counted)
      counted.own += 1
      void tell()
      // Not less than its own: a Redis that was emptied has forgotten what it was told.
      return { current: Math.max(counted.own, counted.shared + counted.own - counted.told), ttl: windowMs - (now() % windowMs) }
    },
    sweep: turn,
    size: () => counts.size,
  }
}
