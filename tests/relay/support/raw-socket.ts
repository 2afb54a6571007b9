import { connect, type Socket } from 'node:net'

/** What the relay wrote, parsed without a client's care: each frame with its opcode and content. */
export type RawFrame = { opcode: number; content: Buffer }

/** An upgraded connection below any client's care. */
export async function rawUpgrade(port: number, path: string): Promise<Socket> {
  const wire = connect(port, '127.0.0.1')
  wire.on('error', () => undefined)
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  wire.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n\r\n`)
  await new Promise((resolve) => wire.once('readable', resolve))
  return wire
}

/** What a client says, masked with zeros. `content` has less than 126 bytes. */
export function clientFrame(opcode: number, content: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | content.length, 0, 0, 0, 0]), content])
}

/** The frames of all that was written after the answer to the upgrade, and the bytes of one that is not whole. Throws at what no server may write. */
export function parseFrames(written: Buffer): { frames: RawFrame[]; rest: Buffer } {
  let rest = written.subarray(written.indexOf('\r\n\r\n') + 4)
  const frames: RawFrame[] = []
  while (rest.length >= 2) {
    const [first = 0, second = 0] = rest
    if ((first & 0xf0) !== 0x80 || second > 127) throw new Error(`not a whole, unmasked frame: ${first} ${second}`)
    const start = second < 126 ? 2 : second === 126 ? 4 : 10
    if (rest.length < start) break
    const length = second < 126 ? second : second === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
    if (rest.length < start + length) break
    frames.push({ opcode: first & 0x0f, content: rest.subarray(start, start + length) })
    rest = rest.subarray(start + length)
  }
  return { frames, rest }
}
