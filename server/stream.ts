import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Backend, backendCommands, type StreamAnswer, type StreamCommand, streamPath } from '../schemas/backend.ts'
import type { ChatError } from '../schemas/errors.ts'

type Options = { backend: Backend; secret: string; host: string; port: number; log: FastifyBaseLogger }

/** Bytes that a relay may say at once: a batch of large messages, with room to spare. */
const largestBatch = 64 * 1024 * 1024

/** Listens for relays, apart from the public address. Whoever knows the secret may ask anything. */
export async function startStream({ backend, secret, host, port, log }: Options): Promise<{ url: string; close(): Promise<void> }> {
  const http = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: largestBatch })
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (request.url !== streamPath || !knows(request.headers.authorization, secret)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (relay) => serveRelay(relay, backend, log))
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

/** Answers as they become known, those of one turn together. */
function serveRelay(relay: WebSocket, backend: Backend, log: FastifyBaseLogger): void {
  let answers: StreamAnswer[] = []
  const answer = (one: StreamAnswer) => {
    if (answers.length === 0) setImmediate(flush)
    answers.push(one)
  }
  const flush = () => {
    const batch = JSON.stringify(answers)
    answers = []
    relay.send(batch, () => {})
  }
  relay.on('error', (error) => log.warn({ reason: error.message }, 'relay stream broke'))
  relay.on('message', (text) => {
    const commands = parse(String(text))
    if (!commands) return relay.close(1002)
    for (const [number, name, command] of commands) {
      backend.ask(name, command as never).then(
        (value) => answer([number, null, value]),
        (error: ChatError) => answer([number, { code: error.code, body: error.body, retryAfter: error.retryAfter }, null]),
      )
    }
  })
}

/** What each command asks is looked at by who answers it. */
function parse(text: string): StreamCommand[] | undefined {
  try {
    const commands: unknown = JSON.parse(text)
    return Array.isArray(commands) && commands.every(isCommand) ? commands : undefined
  } catch {
    return undefined
  }
}

function isCommand(value: unknown): value is StreamCommand {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [number, name] = value
  return Number.isSafeInteger(number) && typeof name === 'string' && Object.hasOwn(backendCommands, name)
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
