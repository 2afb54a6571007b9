import { createServer, type RequestListener, type Server } from 'node:http'
import type { Relay } from './build.ts'
import { onWebSocketUpgrade } from './http-upgrade.ts'

/** Connections that wait to be accepted at most; the system may allow fewer. With Node's 511, clients that all come back at once are refused. */
export const listenBacklog = 4_096

/** The relay's own server: sockets, and whether it is alive and ready. There is nothing else. */
export function createRelayServer(relay: Pick<Relay, 'upgrade' | 'ready'>): Server {
  const answer: RequestListener = (request, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      response.end(JSON.stringify(body))
    }
    const [path] = (request.url ?? '').split('?')
    if (path === '/healthz') return send(200, { status: 'alive' })
    if (path !== '/readyz') return send(404, { detail: 'Not found.' })
    relay.ready().then(
      (isReady) => send(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready' }),
      () => send(503, { status: 'not ready' }),
    )
  }
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    answer,
  )
  onWebSocketUpgrade(server, relay.upgrade)
  return server
}
