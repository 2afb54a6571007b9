import type { Redis } from 'ioredis'
import { createPublisher, type Publisher } from './publisher.ts'
import { type BusLog, type Connection, openConnection } from './redis-connection.ts'
import { sparingly } from './sparingly.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

/** One Redis, with what was said about it. */
export type RedisNode = Publisher & {
  subscriptions: Subscriptions
  redis: Redis
  isUp(): boolean
  close(): Promise<void>
}

type NodeOptions = {
  url: string
  /** A master of a cluster: it has the channels of its slots only. */
  sharded: boolean
  log: BusLog
  onText(channel: string, text: string): void
  /** All wanted channels are subscribed again after a break. */
  onRestored(): void
  /** A connection broke or came back, or something is no longer here: it is worth asking who has what. */
  onUnsettled(): void
}

/** Two connections: commands and publishes go out on one, texts come in on the other. */
export function openNode({ url, sharded, log, onText, onRestored, onUnsettled }: NodeOptions): RedisNode {
  const commands = openConnection(url, 'aristay-bus', log, onUnsettled)
  const subscriber = openConnection(url, 'aristay-bus-subscriber', log, onUnsettled)
  const publisher = createPublisher(commands, sharded ? 'spublish' : 'publish', log)
  const rarely = sparingly(5000)
  const subscriptions = createSubscriptions(wireOf(subscriber, sharded, warnOf), onRestored)

  function warnOf(error: unknown) {
    rarely(() => log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'subscribing failed'))
  }

  for (const { redis } of [commands, subscriber]) redis.on('close', onUnsettled).on('ready', onUnsettled)
  subscriber.redis.on('ready', subscriptions.connected)
  subscriber.redis.on('close', subscriptions.disconnected)
  // The slot of a channel went elsewhere, and Redis has unsubscribed it: nobody knows what else is.
  subscriber.redis.on('moved', () => {
    subscriber.reset()
    onUnsettled()
  })
  subscriber.redis.on(sharded ? 'smessage' : 'message', (channel: string, text: string) => {
    if (subscriptions.isWanted(channel)) onText(channel, text)
  })

  async function close() {
    subscriptions.close()
    await Promise.all([commands.close(), subscriber.close()])
  }

  return {
    ...publisher,
    subscriptions,
    redis: commands.redis,
    isUp: () => commands.isAlive() && subscriber.isAlive() && subscriptions.isWhole(),
    close,
  }
}

/** One SSUBSCRIBE cannot span slots: there is one for each channel, and those of a round leave in one write. */
function wireOf({ redis, reset }: Connection, sharded: boolean, warn: (error: unknown) => void) {
  const together = (send: () => Promise<unknown>[]) => {
    redis.stream.cork()
    const sent = Promise.all(send())
    redis.stream.uncork()
    return sent
  }
  return {
    isReady: () => redis.status === 'ready',
    subscribe: (channels: string[]) =>
      sharded ? together(() => channels.map((channel) => redis.ssubscribe(channel))) : redis.subscribe(...channels),
    unsubscribe: (channels: string[]) =>
      sharded ? together(() => channels.map((channel) => redis.sunsubscribe(channel))) : redis.unsubscribe(...channels),
    reset(error: unknown) {
      warn(error)
      reset()
    },
  }
}
