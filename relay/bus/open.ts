import { createMemoryBus } from './memory.ts'
import { openRedisBus, type RedisBus } from './redis.ts'
import type { BusLog } from './redis-connection.ts'

/** With the URL of a Redis, or those of nodes of a cluster: the bus of several processes. Without: that of this process alone, which loses nothing. */
export function openBus(redisUrls: readonly string[] | undefined, log: BusLog): RedisBus {
  return redisUrls ? openRedisBus({ urls: redisUrls, log }) : { ...createMemoryBus(), lostPublishes: () => 0 }
}
