import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEmbeddedPostgres } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { openDatabase } from '../db/open.ts'
import { buildRelay } from '../relay/build.ts'
import { openBus } from '../relay/bus/open.ts'
import type { RelayOptions } from '../relay/options.ts'
import { createBackend } from './backend.ts'
import { buildServer } from './build.ts'
import { type AllInOneConfig, ConfigError, readAllInOneConfig } from './config.ts'
import { demoPassword, loadDemo } from './demo.ts'
import { createLog } from './log.ts'
import { explainStart } from './start.ts'
import { closeAll, stopOnSignal } from './stop.ts'
import { openDiskStorage } from './storage/disk.ts'

type Part = { close(): Promise<unknown> }
type AllInOne = { url: string; isDemo: boolean; close(): Promise<void> }
type Options = { relay?: Partial<RelayOptions>; checkAnswers?: boolean; demo?: boolean; onStatement?: (sql: string) => void }

/** Server and relay on one port and, unless DATABASE_URL names another, a database of their own: one process. What was opened before an error is closed again. */
export async function startAllInOne(config: AllInOneConfig, options: Options = {}): Promise<AllInOne> {
  const parts: Part[] = []
  const close = () => closeAll(parts.splice(0).reverse())
  try {
    const dataDir = resolve(config.DATA_DIR)
    await mkdir(dataDir, { recursive: true })
    const databaseUrl = config.DATABASE_URL ?? (await openOwnDatabase(dataDir, parts))
    await migrate(databaseUrl)
    return { ...(await openParts(config, options, databaseUrl, dataDir, parts)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openOwnDatabase(dataDir: string, parts: Part[]): Promise<string> {
  const postgres = await openEmbeddedPostgres({ dataDir })
  parts.push(postgres)
  return postgres.url
}

async function openParts(config: AllInOneConfig, options: Options, databaseUrl: string, dataDir: string, parts: Part[]) {
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
    issuer: config.JWT_ISSUER,
    publicUrl: config.PUBLIC_URL,
    trustedProxies: config.TRUSTED_PROXIES,
    largestBatch: config.WRITE_BATCH,
    checkAnswers: options.checkAnswers ?? false,
  })
  parts.push(app)
  const relayOptions = { drainTime: 500, ...options.relay }
  const relay = buildRelay({ backend: createBackend(chat), bus, log, allowedOrigins: config.ALLOWED_ORIGINS, options: relayOptions })
  parts.push(relay)
  app.server.on('upgrade', relay.upgrade)
  await app.listen({ host: config.HOST, port: config.PORT })
  const { port } = app.server.address() as AddressInfo
  return { url: `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`, isDemo }
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

function greeting({ url, isDemo }: AllInOne): string {
  const demo = isDemo ? [`A demo organisation is loaded: alice, bob, carol and dave, password ${demoPassword}.`] : []
  return [`AriStay Chat is running at ${url}/api/chat/`, ...demo, `API: ${url}/api/docs/   Stop with Ctrl-C.`, ''].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    let running: AllInOne | undefined
    const started = startAllInOne(readAllInOneConfig())
    stopOnSignal(async () => {
      running ??= await started
      await running.close()
    })
    running = await started
    process.stdout.write(greeting(running))
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : explainStart(error)}\n`)
    process.exit(1)
  }
}
