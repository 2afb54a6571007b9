import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../../db/open.ts'
import { Pod } from '../../chaos/parts/pod.ts'
import { ownPort } from '../../chaos/parts/ports.ts'
import { createCast } from '../../support/cast.ts'
import { unlimited } from '../../support/limits.ts'
import { createTestDatabase } from '../../support/postgres.ts'
import { redisServer } from '../../support/redis-server.ts'
import { openFront } from './front.ts'

/** A server and a relay in processes of their own, as production runs them, which a test may kill. */
export async function startDeployment() {
  const folder = await mkdtemp(join(tmpdir(), 'aristay-deployment-'))
  const { url: databaseUrl, drop } = await createTestDatabase()
  const redis = await redisServer()
  await redis.start()
  const [serverPort, internalPort, relayPort] = [await ownPort(), await ownPort(), await ownPort()]
  const secret = () => randomBytes(32).toString('base64url')
  const shared = { REDIS_URL: redis.url, RELAY_SECRET: secret(), LOG_LEVEL: 'warn', ...unlimited }
  const ofServer = { DATABASE_URL: databaseUrl, JWT_SIGNING_KEY: secret(), ATTACHMENTS_DIR: join(folder, 'attachments') }
  const pod = (name: 'server' | 'relay', port: number, environment: Record<string, string>) =>
    new Pod({
      ...{ name, program: name, logFile: join(folder, `${name}.log`), url: `http://127.0.0.1:${port}` },
      environment: { ...shared, ...environment, PORT: String(port) },
    })
  const server = pod('server', serverPort, { ...ofServer, INTERNAL_PORT: String(internalPort) })
  const relay = pod('relay', relayPort, { SERVER_INTERNAL_URL: `http://127.0.0.1:${internalPort}` })
  await Promise.all([server.start(), relay.start()])
  const front = await openFront(serverPort, relayPort)
  const database = openDatabase({ url: databaseUrl, connections: 2 })
  const cast = await createCast(database, front.url)
  return {
    url: front.url,
    ...{ server, relay, front },
    ...cast,
    async close() {
      await cast.disconnect()
      await front.close()
      await Promise.all([server.kill(), relay.kill()])
      await redis.close()
      await database.close()
      await drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
