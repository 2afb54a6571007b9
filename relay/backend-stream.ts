import { WebSocket } from 'ws'
import { streamPath, withTexts } from '../schemas/backend.ts'
import type { BackendOptions } from './backend.ts'
import { sparingly } from './bus/sparingly.ts'
import type { RelayLog } from './options.ts'

type StreamParts = { urls: readonly string[]; secret: string; log: RelayLog; options: BackendOptions }
type StreamListeners = { onOpen: () => void; onText: (text: string) => void }

/** Bytes of one text of answers at most: a page of a thousand long messages, with others beside it. */
const largestText = 256 * 1024 * 1024

/** Keeps one stream open to one of the servers, for ever; after each break it tries the next one. */
export function createStreams({ urls, secret, log, options }: StreamParts, { onOpen, onText }: StreamListeners) {
  const rarely = sparingly(5_000)
  let current: WebSocket | undefined
  let heardAt = 0
  let pingedAt = 0
  let attempt = 0
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function connect() {
    if (closed) return
    const url = streamUrl(urls[attempt++ % urls.length] ?? '')
    const headers = { authorization: `Bearer ${secret}` }
    const limits = { perMessageDeflate: false, maxPayload: largestText, handshakeTimeout: options.connectWithin }
    const socket = new WebSocket(url, [withTexts], { headers, ...limits })
    current = socket
    socket.on('open', () => begin(socket))
    socket.on('message', (content) => socket === current && hear(socket, String(content)))
    socket.on('pong', () => {
      if (socket === current) heardAt = performance.now()
    })
    socket.on('error', (err) => rarely(() => log.warn({ reason: err.message }, 'stream to server failed')))
    socket.on('close', () => lose(socket))
  }

  function begin(socket: WebSocket) {
    if (socket !== current) return
    failures = 0
    heardAt = performance.now()
    pingedAt = heardAt
    log.info({ server: attempt % urls.length }, 'stream to server open')
    onOpen()
  }

  function hear(socket: WebSocket, text: string) {
    heardAt = performance.now()
    try {
      onText(text)
    } catch (err) {
      log.error({ err }, 'answers of server not understood')
      leave(socket)
    }
  }

  function lose(socket: WebSocket) {
    if (socket !== current) return
    current = undefined
    if (closed) return
    const pause = Math.min(options.longestPause, options.shortestPause * 2 ** Math.min(failures++, 10))
    retry = setTimeout(connect, pause * (0.5 + Math.random() / 2))
  }

  /** Does not wait for a server that may not answer any more. */
  function leave(socket: WebSocket) {
    lose(socket)
    socket.terminate()
  }

  function listen() {
    if (current?.readyState !== WebSocket.OPEN) return
    const now = performance.now()
    // A process that was itself stopped, or busy, has not yet read what came meanwhile.
    const wasLate = now - pingedAt > options.silentFor
    if (now - heardAt > options.silentFor && !wasLate) {
      rarely(() => log.warn('server is silent'))
      return leave(current)
    }
    pingedAt = now
    current.ping()
  }

  const timer = setInterval(listen, options.pingEvery)
  connect()

  return {
    isUp: () => current?.readyState === WebSocket.OPEN,
    send: (text: string) => current?.send(text),
    close() {
      closed = true
      clearInterval(timer)
      clearTimeout(retry)
      current?.terminate()
    },
  }
}

function streamUrl(url: string): string {
  return url.replace(/^http/, 'ws').replace(/\/+$/, '') + streamPath
}
