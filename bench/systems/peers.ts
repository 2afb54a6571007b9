import { join } from 'node:path'
import { ownPort } from '../../tests/chaos/parts/ports.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { secret } from './ours.ts'
import { planSeats } from './people.ts'
import { openStores } from './stores.ts'
import type { System, SystemName, SystemOptions } from './system.ts'

/** socket.io with its Redis adapter, and one INSERT a message, as their documentations write it: nodes that the adapter joins, sockets on each, `pg`. */
export function openSocketIo(options: SystemOptions): Promise<System> {
  return openNodes('socket.io', { nodes: 2, store: 'plain' }, options)
}

/** The same with what a specialist could do: all sockets in one node, so that nothing comes over Redis, and prepared statements on a faster driver. */
export function openTunedSocketIo(options: SystemOptions): Promise<System> {
  return openNodes('socket.io tuned', { nodes: 1, store: 'tuned' }, options)
}

/** The first with an order: each message takes the next number of its room, so that whoever was away knows what he has missed. */
export function openOrderedSocketIo(options: SystemOptions): Promise<System> {
  return openNodes('socket.io ordered', { nodes: 2, store: 'ordered' }, options)
}

type Shape = { nodes: number; store: 'plain' | 'tuned' | 'ordered' }

async function openNodes(name: SystemName, { nodes: count, store }: Shape, { layout, nodeArguments = [] }: SystemOptions): Promise<System> {
  const stores = await openStores()
  const nodes: NodeProcess[] = []
  const close = async () => {
    for (const node of nodes) await node.close()
    await stores.close()
  }
  try {
    const key = secret()
    const ports: number[] = []
    const processes: Record<string, number> = { ...stores.processes }
    const environment = { DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl, JWT_SIGNING_KEY: key, STORE: store }
    for (let number = 1; number <= count; number++) {
      const port = await ownPort()
      const node = await startNode({
        args: [...nodeArguments, 'dist/peers/socketio/main.js'],
        environment: { ...environment, PORT: String(port), NODE_ENV: 'production' },
        readyUrl: `http://127.0.0.1:${port}/healthz`,
        logFile: join(stores.folder, `socketio-${number}.log`),
      })
      nodes.push(node)
      ports.push(port)
      processes[count === 1 ? 'socket.io' : `socket.io ${number}`] = node.pid
    }
    const seats = planSeats(layout, key, ports, () => '/socket.io/?EIO=4&transport=websocket')
    return { name, dialect: 'socketio', layout, processes, socketProcess: count === 1 ? 'socket.io' : 'socket.io 1', seats, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A bare `ws` broadcast loop: one process, nothing kept. */
export async function openBareWs({ layout, nodeArguments = [] }: SystemOptions): Promise<System> {
  const port = await ownPort()
  const node = await startNode({
    args: [...nodeArguments, 'dist/peers/bare-ws/main.js'],
    environment: { PORT: String(port), NODE_ENV: 'production' },
    readyUrl: `http://127.0.0.1:${port}/healthz`,
    logFile: '/dev/null',
  })
  const seats = planSeats(layout, secret(), [port], ({ room }) => `/${room}`)
  return { name: 'bare ws', dialect: 'bare-ws', layout, processes: { ws: node.pid }, socketProcess: 'ws', seats, close: node.close }
}
