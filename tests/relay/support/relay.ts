import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { buildRelay } from '../../../relay/build.ts'
import { createMemoryBus } from '../../../relay/bus/memory.ts'
import type { RelayOptions } from '../../../relay/options.ts'
import type { Bus } from '../../../schemas/bus.ts'
import type { ModelRoom } from '../../client/support/model-room.ts'
import { ModelBackend } from './model-backend.ts'
import { TestSocket } from './test-socket.ts'

type Setup = { options?: Partial<RelayOptions>; allowedOrigins?: string[]; wrapBus?: (bus: Bus) => Bus }

export const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Tests flood by design. */
const usual = { sweepInterval: 40, drainTime: 0, commandsPerUser: 1_000_000_000, sendsPerUser: 1_000_000_000 }

/** A relay on a server of its own, with the model of a server behind it; closed when the test is over. */
export async function startRelay({ options, allowedOrigins = [], wrapBus = (bus) => bus }: Setup = {}) {
  const memory = createMemoryBus()
  const bus = wrapBus(memory)
  const backend = new ModelBackend(bus)
  const logged: string[] = []
  const write = (...line: unknown[]) =>
    void logged.push(line.map((part) => (part instanceof Error ? String(part) : JSON.stringify(part))).join(' '))
  const log = { debug: write, info: write, warn: write, error: write }
  const relay = buildRelay({ backend, bus, log, allowedOrigins, options: { ...usual, ...options } })
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', relay.upgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const base = `ws://127.0.0.1:${port}`
  const sockets: WebSocket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.terminate()
    await relay.close()
    await bus.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  function socketAt(path: string, clientOptions?: ClientOptions): TestSocket {
    const client = new TestSocket(base + path, clientOptions)
    sockets.push(client.socket)
    return client
  }

  return {
    relay,
    backend,
    bus,
    port,
    logged,
    socketAt,
    /** On the socket of one room. */
    enter: (userId: number, room: ModelRoom, since?: number | string) =>
      socketAt(`/ws/chat/${room.id}/?token=${backend.token(userId)}${since === undefined ? '' : `&since=${since}`}`).opened(),
    /** On the socket of all rooms. */
    enterAll: (userId: number) => socketAt(`/ws/chat/?token=${backend.token(userId)}`).opened(),
    /** An upgrade that is expected to fail. */
    refused: (path: string, clientOptions?: ClientOptions) => refusedAt(base + path, clientOptions),
  }
}

function refusedAt(url: string, options: ClientOptions = {}) {
  return new Promise<{ status: number | undefined; headers: IncomingMessage['headers']; body: unknown }>((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.on('error', reject)
    socket.on('open', () => {
      socket.terminate()
      reject(new Error('was let in'))
    })
    socket.on('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }))
    })
  })
}
