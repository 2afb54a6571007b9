import { Redis } from 'ioredis'
import { slotCount, slotOf } from './slots.ts'

/** Which Redis has which keys and channels: one has all, or each master of a cluster those of its slots. */
export type Topology = {
  /** A cluster: pub/sub is sharded. */
  sharded: boolean
  /** The newer of two views of a cluster. */
  epoch: number
  /** The same for the same layout. */
  layout: string
  urls: ReadonlySet<string>
  /** Undefined where nobody has the slot. */
  ownerOf(name: string): string | undefined
}

type SlotRange = [first: number, last: number, ...nodes: [host: string | null, port: number, ...rest: unknown[]][]]

/** What a Redis says of its cluster, or that it stands alone. Rejects when it does not answer, and when it refuses to say because of the credentials. */
export async function askTopology(redis: Redis, url: string): Promise<Topology> {
  const answers = await Promise.all([redis.cluster('SLOTS'), redis.cluster('INFO')]).catch((error: Error) => {
    if (standsAlone(error)) return undefined
    throw error
  })
  if (!answers) return { sharded: false, epoch: 0, layout: url, urls: new Set([url]), ownerOf: () => url }
  const [slots, facts] = answers
  return clusterOf(slots as SlotRange[], Number(/cluster_current_epoch:(\d+)/.exec(facts)?.[1] ?? 0), url)
}

/** The same of a Redis that is not connected yet. */
export async function askTopologyAt(url: string): Promise<Topology> {
  const redis = new Redis(url, {
    connectionName: 'aristay-bus-topology',
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 1000,
    disconnectTimeout: 500,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let reason: Error | undefined
  redis.on('error', (error: Error) => {
    reason = error
  })
  try {
    await redis.connect()
    return await askTopology(redis, url)
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
    redis.stream?.destroy()
  }
}

/** "cluster support disabled"; or a Redis, or a proxy before one, that knows no CLUSTER or does not let us ask. */
function standsAlone({ message }: Error): boolean {
  return message.startsWith('ERR ') || message.startsWith('NOPERM')
}

function clusterOf(ranges: SlotRange[], epoch: number, askedUrl: string): Topology {
  const owners: (string | undefined)[] = new Array(slotCount).fill(undefined)
  for (const [first, last, master] of ranges) if (master) owners.fill(urlOfNode(askedUrl, master[0], master[1]), first, last + 1)
  const urls = new Set(owners.filter((url) => url !== undefined))
  const layout = ranges.map(([first, last]) => `${first}-${last} ${owners[first]}`).sort()
  return { sharded: true, epoch, layout: layout.join(), urls, ownerOf: (name) => owners[slotOf(name)] }
}

/** With the scheme and the credentials of the one that was asked. A node that does not know its own address is at the one that was asked. */
function urlOfNode(askedUrl: string, host: string | null, port: number): string {
  const url = new URL(askedUrl)
  if (host) url.hostname = host.includes(':') ? `[${host}]` : host
  url.port = String(port)
  url.pathname = ''
  return url.href
}
