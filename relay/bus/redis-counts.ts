import type { Redis } from 'ioredis'
import type { Bus } from '../../schemas/bus.ts'

type Amounts = Map<string, number>

/** A number in Redis for each counter: those of one Redis in one write. `redisOf` gives the Redis that has a key, `keyOf` the key of a counter. */
export function createRedisCounts(redisOf: (key: string) => Redis | undefined, keyOf: (counter: string) => string): Pick<Bus, 'count'> {
  function byRedis(added: ReadonlyMap<string, number>): Map<Redis, Amounts> {
    const shares = new Map<Redis, Amounts>()
    for (const [counter, amount] of added) {
      const redis = redisOf(keyOf(counter))
      if (redis) shares.set(redis, (shares.get(redis) ?? new Map()).set(counter, amount))
    }
    return shares
  }

  /** Made with its expiry first, so that none is left for ever when the connection breaks in between. */
  async function countAt(redis: Redis, added: Amounts, lifeMs: number): Promise<[counter: string, total: number][]> {
    const pipeline = redis.pipeline()
    for (const [counter, amount] of added) pipeline.set(keyOf(counter), 0, 'PX', lifeMs, 'NX').incrby(keyOf(counter), amount)
    const answers = (await pipeline.exec().catch(() => undefined)) ?? []
    return [...added.keys()].flatMap((counter, index): [string, number][] => {
      const [error, total] = answers[2 * index + 1] ?? [new Error('not answered')]
      return error ? [] : [[counter, Number(total)]]
    })
  }

  return {
    async count(added, lifeMs) {
      const shares = [...byRedis(added)].map(([redis, share]) => countAt(redis, share, lifeMs))
      return new Map((await Promise.all(shares)).flat())
    },
  }
}
