import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { migrate } from '../../../db/migrate.ts'
import { unlimited } from '../../support/limits.ts'
import { type RedisServer, redisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import type { PublishFates } from '../entries/steering.ts'
import { Pod } from './pod.ts'
import { ownPort } from './ports.ts'
import { openPostgres, type PostgresServer } from './postgres.ts'

export type WorldOptions = {
  servers?: number
  relays?: number
  /** That many servers run server/main.ts; the others run the harness's entry, with its bad bus and its failpoints. */
  productionServers?: number
  /** What happens to publishes of the others. */
  publishes?: Partial<PublishFates>
  /** Built into the harness's entries, which then run everywhere. */
  sabotage?: string
  /** More variables for the servers. */
  ofServers?: Record<string, string>
  /** Started already, and closed with the world; otherwise it has a Redis of its own. */
  redis?: RedisServer
}

/** A deployment of its own: real processes on free ports of this machine, and everything they need. */
export type World = {
  postgres: PostgresServer
  redis: RedisServer
  servers: Pod[]
  relays: Pod[]
  sql: postgres.Sql
  signingKey: string
  /** Everything is up, and has found each other again. */
  ready(): Promise<void>
  close(): Promise<void>
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { servers: serverCount = 2, relays: relayCount = 2, publishes = {}, sabotage } = options
  const productionServers = sabotage ? 0 : (options.productionServers ?? 1)
  const folder = await mkdtemp(join(tmpdir(), 'aristay-chaos-'))
  const [database, redis] = await Promise.all([openPostgres(folder), options.redis ?? startRedis()])
  await migrate(database.url)
  const secret = () => randomBytes(32).toString('base64url')
  const shared = { REDIS_URL: redis.url, RELAY_SECRET: secret(), LOG_LEVEL: 'warn', CHAOS_SABOTAGE: sabotage ?? '', ...unlimited }
  const signingKey = secret()
  const ofServers = {
    ...shared,
    DATABASE_URL: database.url,
    JWT_SIGNING_KEY: signingKey,
    ATTACHMENTS_DIR: join(folder, 'attachments'),
    ...options.ofServers,
  }

  async function createServer(index: number) {
    const [port, internalPort] = [await ownPort(), await ownPort()]
    const environment = {
      ...ofServers,
      CHAOS_PUBLISHES: JSON.stringify(publishes),
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
    }
    const program = index < productionServers ? 'server' : 'harness-server'
    const pod = new Pod({ ...podOptions(`server-${index + 1}`, folder, port), program, environment })
    return { pod, internalUrl: `http://127.0.0.1:${internalPort}` }
  }

  async function createRelay(index: number, internalUrls: string[]) {
    const port = await ownPort()
    // Not all of them begin with the same server.
    const urls = internalUrls.map((_, place) => internalUrls[(place + index) % internalUrls.length])
    const environment = { ...shared, PORT: String(port), SERVER_INTERNAL_URL: urls.join(',') }
    const program = sabotage ? 'harness-relay' : 'relay'
    return new Pod({ ...podOptions(`relay-${index + 1}`, folder, port), program, environment })
  }

  const servers = await Promise.all(Array.from({ length: serverCount }, (_, index) => createServer(index)))
  const internalUrls = servers.map(({ internalUrl }) => internalUrl)
  const relays = await Promise.all(Array.from({ length: relayCount }, (_, index) => createRelay(index, internalUrls)))
  const pods = [...servers.map(({ pod }) => pod), ...relays]
  const sql = postgres(database.url, { max: 3, connect_timeout: 5, backoff: () => 0.1, onnotice: () => undefined })

  async function ready() {
    await Promise.all(pods.map((pod) => until(() => pod.isReady(), 60_000)))
  }

  async function close() {
    await sql.end({ timeout: 1 })
    await Promise.all(pods.map((pod) => pod.kill()))
    await redis.close()
    await database.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  const world: World = { postgres: database, redis, servers: servers.map(({ pod }) => pod), relays, sql, signingKey, ready, close }
  try {
    await Promise.all(pods.map((pod) => pod.start()))
    await ready()
    return world
  } catch (error) {
    await close()
    throw error
  }
}

function podOptions(name: string, folder: string, port: number) {
  return { name, logFile: join(folder, `${name}.log`), url: `http://127.0.0.1:${port}` }
}

async function startRedis(): Promise<RedisServer> {
  const redis = await redisServer()
  await redis.start()
  return redis
}
