import { openDatabase } from '../db/open.ts'
import { findEpoch } from '../db/queries/heads.ts'
import { openBus } from '../relay/bus/open.ts'
import { listenBacklog } from '../relay/http.ts'
import { createBackend } from './backend.ts'
import { buildServer } from './build.ts'
import { tapBus } from './bus-tap.ts'
import { ConfigError, readServerConfig, requestLimits, type ServerConfig } from './config.ts'
import { createLog } from './log.ts'
import { explainStart } from './start.ts'
import { closeAll, stopOnSignal } from './stop.ts'
import { openDiskStorage } from './storage/disk.ts'
import { startStream } from './stream.ts'

/** The HTTP service of a deployment in several processes, and the internal stream for its relays. */
async function start(config: ServerConfig): Promise<void> {
  const log = createLog(config.LOG_LEVEL)
  const database = openDatabase({ url: config.DATABASE_URL })
  // Says at once when the database cannot be reached or was never migrated.
  await findEpoch(database.db)
  const bus = tapBus(openBus(config.REDIS_URL, log))
  const storage = await openDiskStorage(config.ATTACHMENTS_DIR)
  const { app, chat } = await buildServer({
    database,
    bus,
    storage,
    log,
    signingKey: config.JWT_SIGNING_KEY,
    limits: requestLimits(config),
    issuer: config.JWT_ISSUER,
    publicUrl: config.PUBLIC_URL,
    allowedOrigins: config.ALLOWED_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    largestBatch: config.WRITE_BATCH,
  })
  const backend = createBackend(chat)
  const { INTERNAL_HOST: host, INTERNAL_PORT: port, RELAY_SECRET: secret } = config
  const stream = await startStream({ backend, bus, secret, host, port, log })
  await app.listen({ host: config.HOST, port: config.PORT, backlog: listenBacklog })
  log.info({ port: config.PORT, internalPort: port }, 'server started')
  stopOnSignal(() => closeAll([stream, app, bus, database]), log)
}

try {
  await start(readServerConfig())
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : explainStart(error)}\n`)
  process.exit(1)
}
