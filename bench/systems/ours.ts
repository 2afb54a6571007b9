import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { migrate } from '../../db/migrate.ts'
import { ownPort } from '../../tests/chaos/parts/ports.ts'
import { unlimited } from '../../tests/support/limits.ts'
import { seedHistory } from './history.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { seedOurs } from './our-rooms.ts'
import { planSeats } from './people.ts'
import { openStores } from './stores.ts'
import type { System, SystemOptions } from './system.ts'

/** The production build: a server, relays, Redis, PostgreSQL. */
export async function openOurs({
  layout,
  environment,
  profiles,
  relays: relayCount = 1,
  history,
  nodeArguments = [],
}: SystemOptions): Promise<System> {
  const stores = await openStores()
  const { folder, databaseUrl, redisUrl } = stores
  const nodes: NodeProcess[] = []
  const close = async () => {
    for (const node of nodes.reverse()) await node.close()
    await stores.close()
  }
  try {
    await migrate(databaseUrl)
    await (history ? seedHistory(databaseUrl, history) : seedOurs(databaseUrl, layout))
    const key = secret()
    const [port, internalPort] = [await ownPort(), await ownPort()]
    const shared = { REDIS_URL: redisUrl, RELAY_SECRET: secret(), LOG_LEVEL: 'warn', ...unlimited, ...environment }
    const server = await startNode({
      args: ['dist/server/main.js'],
      environment: {
        ...shared,
        DATABASE_URL: databaseUrl,
        JWT_SIGNING_KEY: key,
        ATTACHMENTS_DIR: join(folder, 'attachments'),
        PORT: String(port),
        INTERNAL_PORT: String(internalPort),
      },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      logFile: join(folder, 'server.log'),
      profiles,
    })
    nodes.push(server)
    const processes: Record<string, number> = { ...stores.processes, server: server.pid }
    const ports: number[] = []
    for (let number = 1; number <= relayCount; number++) {
      const relayPort = await ownPort()
      const relay = await startNode({
        args: [...nodeArguments, 'dist/relay/main.js'],
        environment: { ...shared, PORT: String(relayPort), SERVER_INTERNAL_URL: `http://127.0.0.1:${internalPort}` },
        readyUrl: `http://127.0.0.1:${relayPort}/readyz`,
        logFile: join(folder, `relay-${number}.log`),
        profiles,
      })
      nodes.push(relay)
      processes[relayCount === 1 ? 'relay' : `relay ${number}`] = relay.pid
      ports.push(relayPort)
    }
    const seats = planSeats(layout, key, ports, ({ room, token }) => `/ws/chat/${room}/?token=${token}`)
    const http = { url: `http://127.0.0.1:${port}`, databaseUrl, signingKey: key }
    return { name: 'ours', dialect: 'ours', layout, processes, socketProcess: 'relay', seats, http, close }
  } catch (error) {
    await close()
    throw error
  }
}

export function secret(): string {
  return randomBytes(32).toString('base64url')
}
