import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { openBackend } from './backend.ts'
import { buildRelay } from './build.ts'
import { openBus } from './bus/open.ts'
import { loadConfig, type RelayConfig } from './config.ts'
import { createRelayServer, listenBacklog } from './http.ts'
import { defaultOptions, type RelayLog } from './options.ts'

/** After the drain time, for what does not end by itself. */
const grace = 3_000

const config = loadConfig()
const log = pino({ level: config.LOG_LEVEL })
start(config, log).then(
  ({ url, close }) => {
    log.info({ url }, 'relay listens')
    closeOnSignal(close)
  },
  (err: NodeJS.ErrnoException) => {
    process.stderr.write(`The relay cannot listen on ${config.HOST}:${config.PORT}: ${err.code ?? err.message}.\n`)
    process.exit(1)
  },
)

async function start({ HOST, PORT, ...config }: RelayConfig, log: RelayLog) {
  const bus = openBus(config.REDIS_URL, log)
  const backend = openBackend({ urls: config.SERVER_INTERNAL_URL, secret: config.RELAY_SECRET, log })
  const options = { commandsPerUser: config.RATE_LIMIT_COMMANDS, sendsPerUser: config.RATE_LIMIT_SENDS }
  const relay = buildRelay({ backend, bus, log, allowedOrigins: config.ALLOWED_ORIGINS, options })
  const server = createRelayServer(relay)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: PORT, host: HOST, backlog: listenBacklog }, resolve)
  })
  const { port } = server.address() as AddressInfo

  async function close() {
    // Still listening, so that `readyz` can be asked while sockets close one after another.
    await relay.close()
    server.close()
    server.closeAllConnections()
    await Promise.all([backend.close(), bus.close()])
  }
  return { url: `http://${HOST}:${port}`, close }
}

/** The first signal drains, the second ends at once. */
function closeOnSignal(close: () => Promise<void>) {
  let isClosing = false
  function onSignal(signal: NodeJS.Signals) {
    if (isClosing) process.exit(1)
    isClosing = true
    log.info({ signal }, 'relay closes')
    setTimeout(() => process.exit(0), defaultOptions.drainTime + grace).unref()
    close().then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, 'relay did not close well')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)
}
