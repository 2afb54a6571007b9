import { openDatabase } from '../../../db/open.ts'
import { openBus } from '../../../relay/bus/open.ts'
import { createBackend } from '../../../server/backend.ts'
import { buildServer } from '../../../server/build.ts'
import { tapBus } from '../../../server/bus-tap.ts'
import { readServerConfig, requestLimits } from '../../../server/config.ts'
import { createLog } from '../../../server/log.ts'
import { closeAll, stopOnSignal } from '../../../server/stop.ts'
import { openDiskStorage } from '../../../server/storage/disk.ts'
import { startStream } from '../../../server/stream.ts'
import { openFailpoints } from './failpoints.ts'
import { createFaultyBus } from './faulty-bus.ts'
import { createHastyWrites } from './hasty-writes.ts'
import { PublishFates } from './steering.ts'

// server/main.ts with a bad bus, failpoints, and one sabotage.
const config = readServerConfig()
const failpoints = openFailpoints()
const log = createLog(config.LOG_LEVEL)
const database = openDatabase({ url: config.DATABASE_URL })
const fates = PublishFates.parse(JSON.parse(process.env.CHAOS_PUBLISHES ?? '{}'))
const bus = tapBus(createFaultyBus(openBus(config.REDIS_URL, log), fates, failpoints))
const { app, chat } = await buildServer({
  database,
  bus,
  storage: await openDiskStorage(config.ATTACHMENTS_DIR),
  log,
  signingKey: config.JWT_SIGNING_KEY,
  largestBatch: config.WRITE_BATCH,
  limits: requestLimits(config),
})
if (process.env.CHAOS_SABOTAGE === 'publish-before-commit') chat.writes = createHastyWrites(chat)
const { INTERNAL_HOST: host, INTERNAL_PORT: port, RELAY_SECRET: secret } = config
const stream = await startStream({ backend: createBackend(chat), bus, secret, host, port, log })
await app.listen({ host: config.HOST, port: config.PORT })
stopOnSignal(() => closeAll([stream, app, bus, database]))
