import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { Bus } from '../../schemas/bus.ts'
import { tooManyRequests } from '../../schemas/errors.ts'
import type { App } from '../app.ts'
import { networkOf } from '../network.ts'
import { createRequestCounts, type RequestCounts } from '../request-counts.ts'

/** How much is let through in ten seconds: requests and messages sent of one user, and requests without a good token from one address. */
export type RequestLimits = { requests: number; sends: number; address: number }

/** Counts a request. Rejects with `too_many_requests` when it is one too many. */
type Limiter = (request: FastifyRequest) => Promise<void>
export type Limiters = Record<keyof RequestLimits, Limiter>

const windowMs = 10_000

/** Limits by user and by address, over all servers together. Which of them a request meets is decided where it is known who asks. */
export async function createLimiters(app: App, bus: Bus, limits: RequestLimits): Promise<Limiters> {
  const counts = createRequestCounts({ bus, windowMs })
  const sweeping = setInterval(counts.sweep, windowMs).unref()
  app.addHook('onClose', async () => clearInterval(sweeping))
  await app.register(rateLimit, { global: false, timeWindow: windowMs, store: storeOf(counts) })

  function limiter(max: number, keyGenerator: (request: FastifyRequest) => string): Limiter {
    const count = app.createRateLimit({ max, keyGenerator })
    return async (request) => {
      const counted = await count(request)
      if (!counted.isAllowed && counted.isExceeded) throw tooManyRequests(counted.ttlInSeconds)
    }
  }

  return {
    requests: limiter(limits.requests, ({ bearerId }) => `requests:${bearerId}`),
    sends: limiter(limits.sends, ({ bearerId }) => `sends:${bearerId}`),
    address: limiter(limits.address, ({ ip }) => `address:${networkOf(ip)}`),
  }
}

function storeOf(counts: RequestCounts) {
  return class implements FastifyRateLimitStore {
    incr(key: string, done: (error: null, counted: { current: number; ttl: number }) => void): void {
      done(null, counts.add(key))
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}
