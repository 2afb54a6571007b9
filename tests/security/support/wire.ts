import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** A websocket as bytes: it says what no library would, and answers nothing by itself. */
export type Wire = {
  socket: Socket
  /** The status of the upgrade's answer. */
  status: number
  send(...frames: Buffer[]): void
  /** The code of the close frame, `undefined` when the connection ended without one. */
  closed: Promise<number | undefined>
}

type FrameOptions = { opcode?: number; fin?: boolean; reserved?: number; masked?: boolean }

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** One frame of a client. */
export function frameOf(
  content: string | Buffer,
  { opcode = opcodes.text, fin = true, reserved = 0, masked = true }: FrameOptions = {},
): Buffer {
  const payload = Buffer.from(content as string)
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const mask = masked ? 0x80 : 0
  const head = payload.length < 126 ? [first, mask | payload.length] : [first, mask | 127]
  const length = Buffer.alloc(payload.length < 126 ? 0 : 8)
  if (length.length > 0) length.writeBigUInt64BE(BigInt(payload.length))
  if (!masked) return Buffer.concat([Buffer.from(head), length, payload])
  const key = randomBytes(4)
  const hidden = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0))
  return Buffer.concat([Buffer.from(head), length, key, hidden])
}

/** Upgrades and resolves with the answer's status. */
export function openWire(url: string, path: string, headers: Record<string, string> = {}): Promise<Wire> {
  const { hostname, port, host } = new URL(url)
  const all = {
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  }
  const lines = Object.entries({ ...all, ...headers }).map(([name, value]) => `${name}: ${value}`)
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const socket = connect(Number(port), hostname, () => socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`))
    const closed = new Promise<number | undefined>((ended) => socket.on('close', () => ended(closeCodeIn(received))))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(String(received.subarray(0, end)))?.[1])
      resolve({ socket, status, closed, send: (...frames) => void socket.write(Buffer.concat(frames)) })
    })
  })
}

/** Reads the server's frames up to a close. */
function closeCodeIn(received: Buffer): number | undefined {
  let place = received.indexOf('\r\n\r\n') + 4
  while (place + 2 <= received.length) {
    const opcode = (received[place] ?? 0) & 0x0f
    const short = (received[place + 1] ?? 0) & 0x7f
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (place + head > received.length) return undefined
    const length = short === 126 ? received.readUInt16BE(place + 2) : short === 127 ? Number(received.readBigUInt64BE(place + 2)) : short
    if (opcode === opcodes.close) return length >= 2 ? received.readUInt16BE(place + head) : undefined
    place += head + length
  }
  return undefined
}
