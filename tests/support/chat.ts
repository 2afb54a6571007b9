import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { vi } from 'vitest'
import { openDatabase } from '../../db/open.ts'
import { insertProperty, insertTask } from '../../db/queries/directory.ts'
import type { RelayOptions } from '../../relay/options.ts'
import { startAllInOne } from '../../server/all-in-one.ts'
import { readAllInOneConfig } from '../../server/config.ts'
import { createCast } from './cast.ts'
import { unlimited } from './limits.ts'
import { createTestDatabase } from './postgres.ts'

export { testPassword } from './cast.ts'

export type TestChat = Awaited<ReturnType<typeof startChat>>

type Options = {
  env?: Record<string, string>
  relay?: Partial<RelayOptions>
  onStatement?: (sql: string) => void
  /** Gets the lines of the log; LOG_LEVEL is `fatal` where `env` says nothing else. */
  logTo?: { write(line: string): void }
}

/** The whole service as `npm start` runs it, on a database of its own, with every answer checked by its schema, and without limits where `env` sets none. */
export async function startChat({ env = {}, relay, onStatement, logTo }: Options = {}) {
  const { url: databaseUrl, drop } = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'aristay-test-chat-'))
  const config = readAllInOneConfig({ PORT: '0', DATA_DIR: dataDir, DATABASE_URL: databaseUrl, LOG_LEVEL: 'fatal', ...unlimited, ...env })
  if (logTo) vi.spyOn(pino, 'destination').mockReturnValueOnce(logTo as never)
  const running = await startAllInOne(config, {
    checkAnswers: true,
    demo: false,
    ...(relay && { relay }),
    ...(onStatement && { onStatement }),
  })
  const database = openDatabase({ url: databaseUrl, connections: 2 })
  const cast = await createCast(database, running.url)

  return {
    url: running.url,
    db: database.db,
    databaseUrl,
    dataDir,
    ...cast,
    task: (title: string) => insertTask(database.db, title) as Promise<number>,
    property: (name: string) => insertProperty(database.db, name) as Promise<number>,
    async close() {
      await cast.disconnect()
      await running.close()
      await database.close()
      await drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
