import type { Bus } from '../../schemas/bus.ts'
import { createMemoryBus } from './memory.ts'
import { openRedisBus } from './redis.ts'
import type { BusLog } from './redis-connection.ts'

/** With the URL of a Redis: the bus of several processes. Without: that of this process alone. */
export function openBus(redisUrl: string | undefined, log: BusLog): Bus {
  return redisUrl ? openRedisBus({ url: redisUrl, log }) : createMemoryBus()
}
