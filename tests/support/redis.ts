import { describe, inject } from 'vitest'
import { redisIsThere } from './redis-program.ts'
import { redisServer } from './redis-server.ts'

/** A suite that needs Redis. Left out where there is none; the end of the run says so. */
export const describeWithRedis = describe.runIf(inject('redis'))

/** A Redis for the caller: that of REDIS_URL, shared with others, or one of his own that keeps nothing; `undefined` where there is neither. */
export async function redisForTests(): Promise<{ url: string; close: () => Promise<void> } | undefined> {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, close: async () => undefined }
  if (!redisIsThere()) return
  const server = await redisServer()
  await server.start()
  return { url: server.url, close: server.close }
}
