import { createMemoryBus } from './memory.ts'
import { openRedisBus, type RedisBus } from './redis.ts'
import type { BusLog } from './redis-connection.ts'

/** With the URL of a Redis: the bus of several processes. Without: that of this process alone, which loses nothing. */
export function openBus(redisUrl: string | undefined, log: BusLog): RedisBus {
  return redisUrl ? openRedisBus({ url: redisUrl, log }) : { ...createMemoryBus(), lostPublishes: () => 0 }
}
