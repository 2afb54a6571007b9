import { join } from 'node:path'
import { ownPort } from '../../tests/chaos/parts/ports.ts'
import { startNode } from './node-process.ts'
import { secret } from './ours.ts'
import { planSeats } from './people.ts'
import { openStores } from './stores.ts'
import type { System, SystemOptions } from './system.ts'

/** socket.io with its Redis adapter, and one INSERT a message. */
export async function openSocketIo({ layout }: SystemOptions): Promise<System> {
  const stores = await openStores()
  try {
    const key = secret()
    const port = await ownPort()
    const node = await startNode({
      args: ['--import', 'tsx', 'bench/peers/socketio/main.ts'],
      environment: {
        PORT: String(port),
        DATABASE_URL: stores.databaseUrl,
        REDIS_URL: stores.redisUrl,
        JWT_SIGNING_KEY: key,
        NODE_ENV: 'production',
      },
      readyUrl: `http://127.0.0.1:${port}/healthz`,
      logFile: join(stores.folder, 'socketio.log'),
    })
    const seats = planSeats(layout, key, [port], () => '/socket.io/?EIO=4&transport=websocket')
    const close = async () => {
      await node.close()
      await stores.close()
    }
    const processes = { ...stores.processes, 'socket.io': node.pid }
    return { name: 'socket.io', dialect: 'socketio', layout, processes, socketProcess: 'socket.io', seats, close }
  } catch (error) {
    await stores.close()
    throw error
  }
}

/** A bare `ws` broadcast loop: one process, nothing kept. */
export async function openBareWs({ layout }: SystemOptions): Promise<System> {
  const port = await ownPort()
  const node = await startNode({
    args: ['--import', 'tsx', 'bench/peers/bare-ws/main.ts'],
    environment: { PORT: String(port), NODE_ENV: 'production' },
    readyUrl: `http://127.0.0.1:${port}/healthz`,
    logFile: '/dev/null',
  })
  const seats = planSeats(layout, secret(), [port], ({ room }) => `/${room}`)
  return { name: 'bare ws', dialect: 'bare-ws', layout, processes: { ws: node.pid }, socketProcess: 'ws', seats, close: node.close }
}
