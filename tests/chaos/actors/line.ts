import { WebSocket } from 'ws'

type LineParts = {
  /** ws:// addresses of relays, the first to be tried first. */
  urls: readonly string[]
  /** Path and query, made anew for each attempt. */
  path(): string
  onOpen?(): void
  onText(text: string): void
  onLost?(): void
}

/** A socket that is opened again, at the next relay, whenever it is lost or silent. */
export type Line = { send(frame: object): void; isOpen(): boolean; reconnect(): void; close(): void }

const pingEvery = 1_500
const silentFor = 4_500
const handshakeWithin = 3_000

export function openLine({ urls, path, onOpen = () => {}, onText, onLost = () => {} }: LineParts): Line {
  let turn = 0
  let heardAt = 0
  let closed = false
  let socket: WebSocket | undefined
  let retry: NodeJS.Timeout | undefined

  function connect() {
    const mine = new WebSocket(`${urls[turn++ % urls.length]}${path()}`, { handshakeTimeout: handshakeWithin, perMessageDeflate: false })
    socket = mine
    mine.on('open', () => {
      heardAt = performance.now()
      onOpen()
    })
    mine.on('message', (text) => {
      heardAt = performance.now()
      if (mine === socket) onText(String(text))
    })
    mine.on('error', () => {})
    mine.on('close', () => {
      if (mine === socket) lose()
    })
  }

  function lose() {
    socket = undefined
    onLost()
    if (!closed) retry = setTimeout(connect, 50 + Math.random() * 150)
  }

  function leave() {
    const left = socket
    if (!left) return
    lose()
    left.terminate()
  }

  function listen() {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (performance.now() - heardAt > silentFor) return leave()
    socket.send(ping)
  }

  const timer = setInterval(listen, pingEvery)
  connect()

  return {
    send: (frame) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame)),
    isOpen: () => socket?.readyState === WebSocket.OPEN,
    reconnect: leave,
    close() {
      closed = true
      clearInterval(timer)
      clearTimeout(retry)
      socket?.terminate()
    },
  }
}

const ping = JSON.stringify({ type: 'ping' })
