import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPostgres } from '../../tests/chaos/parts/postgres.ts'
import { redisServer } from '../../tests/support/redis-server.ts'

/** A PostgreSQL and a Redis for one system alone. */
export type Stores = {
  folder: string
  databaseUrl: string
  redisUrl: string
  processes: { postgres: number; redis: number }
  close(): Promise<void>
}

/** As on a small database server; every commit waits for the disk. */
const settings = { shared_buffers: '512MB', max_wal_size: '4GB', synchronous_commit: 'on' }

export async function openStores(): Promise<Stores> {
  const folder = await mkdtemp(join(tmpdir(), 'aristay-bench-'))
  const redis = await redisServer()
  const [postgres] = await Promise.all([openPostgres(folder, settings), redis.start()])
  return {
    folder,
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    processes: { postgres: postgres.pid(), redis: redis.pid() },
    async close() {
      await redis.close()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
