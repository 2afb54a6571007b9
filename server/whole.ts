import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { migrate } from '../db/migrate.ts'
import { openDatabase } from '../db/open.ts'
import { buildRelay } from '../relay/build.ts'
import { openBus } from '../relay/bus/open.ts'
import { listenBacklog } from '../relay/http.ts'
import { onWebSocketUpgrade } from '../relay/http-upgrade.ts'
import type { RelayOptions } from '../relay/options.ts'
import { createBackend } from './backend.ts'
import { buildServer } from './build.ts'
import { type AllInOneConfig, requestLimits } from './config.ts'
import { demoPassword, loadDemo } from './demo.ts'
import { createLog } from './log.ts'
import { openDiskStorage } from './storage/disk.ts'

export type Part = { close(): Promise<unknown> }
export type WholeOptions = { relay?: Partial<RelayOptions>; checkAnswers?: boolean; demo?: boolean; onStatement?: (sql: string) => void }
type Whole = { config: AllInOneConfig; options: WholeOptions; databaseUrl: string; dataDir: string; parts: Part[] }

/** Server and relay on one port, over a database that runs; with the password of the demo organisation when it was loaded. What was opened is put into `parts`, also when it ends with an error. */
export async function openWhole({
  config,
  options,
  databaseUrl,
  dataDir,
  parts,
}: Whole): Promise<{ url: string; demoPassword: string | undefined }> {
  await migrate(databaseUrl)
  const log = createLog(config.LOG_LEVEL)
  const database = openDatabase({ url: databaseUrl, ...(options.onStatement && { onStatement: options.onStatement }) })
  parts.push(database)
  const isDemo = options.demo !== false && (await loadDemo(database.db))
  const bus = openBus(config.REDIS_URL, log)
  parts.push(bus)
  const { app, chat } = await buildServer({
    database,
    bus,
    log,
    storage: await openDiskStorage(config.ATTACHMENTS_DIR ?? join(dataDir, 'attachments')),
    signingKey: config.JWT_SIGNING_KEY ?? (await readOrMakeKey(join(dataDir, 'signing-key'))),
    limits: requestLimits(config),
    issuer: config.JWT_ISSUER,
    publicUrl: config.PUBLIC_URL,
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    largestBatch: config.WRITE_BATCH,
    checkAnswers: options.checkAnswers ?? false,
  })
  parts.push(app)
  const limits = { commandsPerUser: config.RATE_LIMIT_COMMANDS, sendsPerUser: config.RATE_LIMIT_SENDS }
  const relayOptions = { drainTime: 500, ...limits, ...options.relay }
  const relay = buildRelay({ backend: createBackend(chat), bus, log, allowedOrigins: config.ALLOWED_ORIGINS, options: relayOptions })
  parts.push(relay)
  onWebSocketUpgrade(app.server, relay.upgrade)
  await app.listen({ host: config.HOST, port: config.PORT, backlog: listenBacklog })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`,
    demoPassword: isDemo ? demoPassword : undefined,
  }
}

/** A signing key of this installation, made at its first start. */
async function readOrMakeKey(path: string): Promise<string> {
  try {
    await writeFile(path, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFile(path, 'utf8')
}
