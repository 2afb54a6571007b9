import type { Bus } from '../../schemas/bus.ts'
import { createPublisher } from './publisher.ts'
import { type BusLog, openConnection } from './redis-connection.ts'
import { createRedisTyping } from './redis-typing.ts'
import { sparingly } from './sparingly.ts'
import { createSubscriptions } from './subscriptions.ts'

export type RedisBus = Bus & {
  /** Publishes that were refused, broken off, or not answered within a second. Some of the last may have arrived. */
  lostPublishes(): number
}

type RedisBusOptions = {
  /** redis:// or rediss://, one address. */
  url: string
  /** Before every key and channel; ends in its own separator. */
  prefix?: string
  log: BusLog
  /** Milliseconds since 1970. */
  now?: () => number
}

/**
 * The bus of several processes. Returns at once and connects behind, for ever: a process starts, and lives, without Redis.
 * Redis that went away is noticed within 3 seconds even where the connection stays open. `onGap` comes once after every break,
 * when all wanted channels are subscribed again; also after a `subscribe` that was refused, when it was made good.
 */
export function openRedisBus({ url, prefix = 'aristay:', log, now = Date.now }: RedisBusOptions): RedisBus {
  const commands = openConnection(url, 'aristay-bus', log)
  const subscriber = openConnection(url, 'aristay-bus-subscriber', log)
  const publisher = createPublisher(commands, log)
  const rarely = sparingly(5000)
  let onText: (channel: string, text: string) => void = () => undefined
  let onGap = () => {}
  let closing: Promise<void> | undefined

  const wire = {
    isReady: () => subscriber.redis.status === 'ready',
    subscribe: (channels: string[]) => subscriber.redis.subscribe(...channels),
    unsubscribe: (channels: string[]) => subscriber.redis.unsubscribe(...channels),
    reset(error: unknown) {
      rarely(() => log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'subscribing failed'))
      subscriber.reset()
    },
  }
  const subscriptions = createSubscriptions(wire, () => {
    log.warn('bus subscriptions restored')
    onGap()
  })
  subscriber.redis.on('ready', subscriptions.connected)
  subscriber.redis.on('close', subscriptions.disconnected)
  subscriber.redis.on('message', (channel, text) => {
    if (subscriptions.isWanted(channel)) onText(channel.slice(prefix.length), text)
  })

  async function close() {
    subscriptions.close()
    await Promise.all([commands.close(), subscriber.close()])
  }

  return {
    publish: (channel, text) => publisher.publish(prefix + channel, text),
    lostPublishes: publisher.lostPublishes,
    subscribe: (channel) => subscriptions.want(prefix + channel),
    unsubscribe: (channel) => subscriptions.forget(prefix + channel),
    onText(listener) {
      onText = listener
    },
    onGap(listener) {
      onGap = listener
    },
    ...createRedisTyping(commands.redis, (roomId) => `${prefix}typing:${roomId}`, now),
    isUp: () => commands.isAlive() && subscriber.isAlive() && subscriptions.isWhole(),
    close: () => (closing ??= close()),
  }
}
