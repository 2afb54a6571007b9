import type { Redis } from 'ioredis'
import type { Bus } from '../../schemas/bus.ts'
import { isFresh, typingMs } from './typing.ts'

/**
 * A sorted set a room: users by the time they last started. Typing is a hint, so nothing here rejects: without Redis nobody types.
 * `redisOf` gives the Redis that has a key;
 * `keyOf` names the set of a room; `now` is in milliseconds since 1970, and clocks of relays may differ by little against ten seconds.
 */
export function createRedisTyping(
  redisOf: (key: string) => Redis | undefined,
  keyOf: (roomId: string) => string,
  now: () => number,
): Pick<Bus, 'startTyping' | 'stopTyping' | 'listTyping'> {
  async function startTyping(roomId: string, userId: number) {
    const key = keyOf(roomId)
    const started = now()
    const commands = redisOf(key)
      ?.pipeline()
      .zadd(key, started, userId)
      .zremrangebyscore(key, 0, started - typingMs)
      .pexpire(key, typingMs)
    await commands?.exec().catch(() => undefined)
  }

  async function stopTyping(roomId: string, userId: number) {
    const key = keyOf(roomId)
    const answers = await redisOf(key)
      ?.pipeline()
      .zscore(key, String(userId))
      .zrem(key, userId)
      .exec()
      .catch(() => undefined)
    const [started, removed] = (answers ?? []).map(([error, answer]) => (error ? 0 : Number(answer ?? 0)))
    return removed === 1 && isFresh(started ?? 0, now())
  }

  async function listTyping(roomId: string) {
    const key = keyOf(roomId)
    const oldest = `(${now() - typingMs}`
    const found = await redisOf(key)
      ?.zrange(key, oldest, '+inf', 'BYSCORE', 'WITHSCORES')
      .catch(() => undefined)
    const pairs = found ?? []
    return pairs.flatMap((userId, at) => (at % 2 ? [] : [{ userId: Number(userId), startedAt: Number(pairs[at + 1]) }]))
  }

  return { startTyping, stopTyping, listTyping }
}
