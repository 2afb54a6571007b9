import { join } from 'node:path'
import { migrate } from '../../db/migrate.ts'
import { ownPort } from '../../tests/chaos/parts/ports.ts'
import { unlimited } from '../../tests/support/limits.ts'
import { startNode } from './node-process.ts'
import { seedOurs } from './our-rooms.ts'
import { secret } from './ours.ts'
import { planSeats } from './people.ts'
import { openStores } from './stores.ts'
import type { System, SystemOptions } from './system.ts'

/** What `npm start` runs, from the production build: one process, the bus in memory, and PostgreSQL. */
export async function openAllInOne({ layout, environment, profiles, nodeArguments = [] }: SystemOptions): Promise<System> {
  const stores = await openStores()
  const { folder, databaseUrl } = stores
  const { redis: _, ...processes } = stores.processes
  try {
    await migrate(databaseUrl)
    await seedOurs(databaseUrl, layout)
    const key = secret()
    const port = await ownPort()
    const url = `http://127.0.0.1:${port}`
    const node = await startNode({
      args: [...nodeArguments, 'dist/server/all-in-one.js'],
      environment: {
        ...unlimited,
        ...environment,
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        JWT_SIGNING_KEY: key,
        DATA_DIR: join(folder, 'all-in-one'),
      },
      readyUrl: `${url}/readyz`,
      logFile: join(folder, 'all-in-one.log'),
      profiles,
    })
    const seats = planSeats(layout, key, [port], ({ room, token }) => `/ws/chat/${room}/?token=${token}`)
    const close = async () => {
      await node.close()
      await stores.close()
    }
    const all = { ...processes, 'all in one': node.pid }
    return { name: 'all in one', dialect: 'ours', layout, processes: all, socketProcess: 'all in one', seats, close }
  } catch (error) {
    await stores.close()
    throw error
  }
}
