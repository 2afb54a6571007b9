import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openEmbeddedPostgres } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { buildPage } from './build-page.ts'
import { nginxIsThere } from './nginx-program.ts'
import { createDatabase, databaseUrl, dropDatabase } from './postgres.ts'
import { redisIsThere } from './redis-program.ts'

/** The page, and one PostgreSQL for the whole run, with one migrated database that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  buildPage()
  const server = process.env.DATABASE_URL ? { url: process.env.DATABASE_URL, close: async () => undefined } : await startServer()
  const template = await createDatabase(server.url)
  await migrate(databaseUrl(server.url, template))
  const [hasRedis, hasNginx] = [redisIsThere(), nginxIsThere()]
  const leftOut = [
    ...(hasRedis ? [] : ['Left out: every suite that needs Redis. Install redis-server, or set REDIS_URL.']),
    ...(hasNginx ? [] : ['Left out: the suite behind nginx. Install nginx (nginx-light on Debian).']),
  ]
  project.provide('postgres', { url: server.url, template })
  project.provide('redis', hasRedis)
  project.provide('nginx', hasNginx)
  announce(leftOut)
  return async () => {
    await dropDatabase(server.url, template)
    await server.close()
    announce(leftOut)
  }
}

/** Its files are thrown away afterwards, so nothing waits for the disk. */
async function startServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aristay-test-postgres-'))
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }
  const server = await openEmbeddedPostgres({ dataDir, settings })
  const close = async () => {
    await server.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { url: server.url, close }
}

function announce(lines: string[]): void {
  for (const line of lines) process.stderr.write(`\n  !! ${line}\n\n`)
}
