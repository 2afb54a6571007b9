import type { Bus } from '../../schemas/bus.ts'

/** Counters in the order of their first count, so that those which have run out are at the front and every count takes them away. `now` is in milliseconds since 1970. */
export function createMemoryCounts(now: () => number): Pick<Bus, 'count'> {
  const counters = new Map<string, { total: number; until: number }>()

  function dropExpired() {
    for (const [key, { until }] of counters) {
      if (until > now()) return
      counters.delete(key)
    }
  }

  function add(key: string, amount: number, lifeMs: number): number {
    const counter = counters.get(key) ?? { total: 0, until: now() + lifeMs }
    counter.total += amount
    counters.set(key, counter)
    return counter.total
  }

  return {
    async count(added, lifeMs) {
      dropExpired()
      return new Map([...added].map(([key, amount]) => [key, add(key, amount, lifeMs)]))
    },
  }
}
