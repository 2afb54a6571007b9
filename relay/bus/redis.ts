import type { Bus } from '../../schemas/bus.ts'
import type { BusLog } from './redis-connection.ts'
import { createRedisCounts } from './redis-counts.ts'
import { openNode, type RedisNode } from './redis-node.ts'
import { createRedisTyping } from './redis-typing.ts'
import { createSubscriptions, type Wish } from './subscriptions.ts'
import type { Topology } from './topology.ts'
import { watchTopology } from './topology-watch.ts'

export type RedisBus = Bus & {
  /** Publishes that were refused, broken off, or not answered within a second. Some of the last may have arrived. */
  lostPublishes(): number
}

type RedisBusOptions = {
  /** redis:// or rediss://; of a single Redis, or of one or more nodes of a cluster. */
  urls: readonly string[]
  /** Before every key and channel; ends in its own separator. */
  prefix?: string
  log: BusLog
  /** Milliseconds since 1970. */
  now?: () => number
}

/** Where channels wait that nobody has. */
const nobody = {
  isReady: () => false,
  subscribe: async () => undefined,
  unsubscribe: async () => undefined,
  reset: () => undefined,
}

/**
 * The bus of several processes, over one Redis or over the masters of a cluster, each with the channels and keys of its slots. Returns at once and
 * connects behind, for ever: a process starts, and lives, without Redis. Redis that went away is noticed within 3 seconds even where the connection
 * stays open. `onGap` comes once after every break of a Redis, when all its wanted channels are subscribed again; also after a `subscribe` that was
 * refused, when it was made good, and after channels have moved from one Redis to another.
 */
export function openRedisBus({ urls, prefix = 'aristay:', log, now = Date.now }: RedisBusOptions): RedisBus {
  const nodes = new Map<string, RedisNode>()
  const nowhere = createSubscriptions(nobody, () => undefined)
  let topology: Topology | undefined
  let lostElsewhere = 0
  let onText: (channel: string, text: string) => void = () => undefined
  let onGap = () => {}
  let closing: Promise<void> | undefined

  function nodeOf(name: string): RedisNode | undefined {
    const url = topology?.ownerOf(name)
    return url === undefined ? undefined : nodes.get(url)
  }

  function isUp() {
    return nodes.size > 0 && [...nodes.values()].every((node) => node.isUp())
  }

  const subscriptionsOf = (channel: string) => nodeOf(channel)?.subscriptions ?? nowhere
  const watch = watchTopology({
    urls,
    log,
    connected: () => [...nodes].filter(([, node]) => node.redis.status === 'ready').map(([url, node]) => [url, node.redis]),
    isSettled: isUp,
    onFound: (found) => found.layout !== topology?.layout && settle(found),
    onNobody: nowhere.disconnected,
  })

  function settle(found: Topology) {
    topology = found
    for (const url of found.urls) if (!nodes.has(url)) nodes.set(url, open(url, found.sharded))
    for (const [channel, wish, owes] of misplaced()) subscriptionsOf(channel).adopt(channel, wish, owes)
    for (const [url, node] of nodes) if (!found.urls.has(url)) retire(url, node)
  }

  function open(url: string, sharded: boolean): RedisNode {
    return openNode({
      url,
      sharded,
      log,
      onText: (channel, text) => onText(channel.slice(prefix.length), text),
      onRestored() {
        log.warn('bus subscriptions restored')
        onGap()
      },
      onUnsettled: watch.hurry,
    })
  }

  /** Channels that are not where they belong. From one Redis to another something may be missed; from nowhere only what somebody waited for in vain. */
  function misplaced(): [channel: string, wish: Wish, owes: boolean][] {
    return [nowhere, ...[...nodes.values()].map((node) => node.subscriptions)].flatMap((holder) => {
      const owes = holder !== nowhere || !nowhere.isWhole()
      return [...holder.release((channel) => subscriptionsOf(channel) !== holder)].map(([channel, wish]): [string, Wish, boolean] => [
        channel,
        wish,
        owes,
      ])
    })
  }

  function retire(url: string, node: RedisNode) {
    nodes.delete(url)
    lostElsewhere += node.lostPublishes()
    void node.close()
  }

  function publish(channel: string, text: string) {
    const node = nodeOf(channel)
    if (node) node.publish(channel, text)
    else lostElsewhere++
  }

  async function close() {
    watch.end()
    nowhere.close()
    await Promise.all([...nodes.values()].map((node) => node.close()))
  }

  return {
    publish: (channel, text) => publish(prefix + channel, text),
    lostPublishes: () => [...nodes.values()].reduce((sum, node) => sum + node.lostPublishes(), lostElsewhere),
    subscribe: (channel) => subscriptionsOf(prefix + channel).want(prefix + channel),
    unsubscribe: (channel) => subscriptionsOf(prefix + channel).forget(prefix + channel),
    onText(listener) {
      onText = listener
    },
    onGap(listener) {
      onGap = listener
    },
    ...createRedisTyping(
      (key) => nodeOf(key)?.redis,
      (roomId) => `${prefix}typing:${roomId}`,
      now,
    ),
    ...createRedisCounts(
      (key) => nodeOf(key)?.redis,
      (counter) => `${prefix}count:${counter}`,
    ),
    isUp,
    close: () => (closing ??= close()),
  }
}
