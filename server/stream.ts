import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { WebSocketServer } from 'ws'
import { type Backend, streamPath, withTexts } from '../schemas/backend.ts'
import type { TappedBus } from './bus-tap.ts'
import { serveRelay } from './relay-link.ts'

type Options = { backend: Backend; bus: Pick<TappedBus, 'onPublish'>; secret: string; host: string; port: number; log: FastifyBaseLogger }

/** Bytes that a relay may say at once: a batch of large messages, with room to spare. */
const largestBatch = 64 * 1024 * 1024

/** Listens for relays, apart from the public address. Whoever knows the secret may ask anything. */
export async function startStream({ backend, bus, secret, host, port, log }: Options): Promise<{ url: string; close(): Promise<void> }> {
  const http = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: largestBatch,
    handleProtocols: (offered) => offered.has(withTexts) && withTexts,
  })
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (request.url !== streamPath || !knows(request.headers.authorization, secret)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (relay) => serveRelay(relay, { backend, bus, log }))
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, resolve)
  })
  const address = http.address() as AddressInfo
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      for (const relay of sockets.clients) relay.close(1012)
      await closed(http, sockets)
    },
  }
}

function knows(authorization: string | undefined, secret: string): boolean {
  const hash = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${secret}`))
}

async function closed(http: ReturnType<typeof createServer>, sockets: WebSocketServer): Promise<void> {
  const done = new Promise<void>((resolve) => http.close(() => resolve()))
  const late = setTimeout(() => {
    for (const relay of sockets.clients) relay.terminate()
    http.closeAllConnections()
  }, 2_000)
  await done
  clearTimeout(late)
}
