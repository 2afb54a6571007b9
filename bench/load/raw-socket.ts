import { connect, type Socket } from 'node:net'

type FrameListener = (bytes: Buffer, start: number, end: number) => void

type Options = {
  port: number
  path: string
  onOpen: () => void
  /** A text frame lies in `bytes` from `start` to `end`; only for the length of the call. */
  onFrame: FrameListener
  /** It was not asked to close. */
  onLost: (reason: string) => void
}

/** Where every socket of this process reads into: what was read is used up before the next socket reads. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 }
const none = Buffer.alloc(0)

/** A websocket client of few instructions, so that the load costs little beside what it measures: frames are looked at where they lie. */
export class RawSocket {
  readonly #socket: Socket
  readonly #options: Options
  /** The beginning of something whose end has not come yet. */
  #rest: Buffer = none
  #isOpen = false
  #isEnding = false

  constructor(options: Options) {
    this.#options = options
    const onread = { buffer: shared, callback: (length: number) => this.#take(length) }
    this.#socket = connect({ host: '127.0.0.1', port: options.port, noDelay: true, onread })
    this.#socket.on('error', (error) => this.#lose(error.message))
    this.#socket.on('close', () => this.#lose('closed'))
    this.#socket.write(
      `GET ${options.path} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
  }

  send(text: string): void {
    this.#socket.write(encodeFrame(opcodes.text, Buffer.from(text)))
  }

  close(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  #lose(reason: string) {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#socket.destroy()
    this.#options.onLost(reason)
  }

  #take(length: number): boolean {
    const isWhole = this.#rest.length === 0
    const bytes = isWhole ? shared : Buffer.concat([this.#rest, shared.subarray(0, length)])
    const end = isWhole ? length : bytes.length
    const used = this.#read(bytes, end)
    this.#rest = used === end ? none : Buffer.from(bytes.subarray(used, end))
    return true
  }

  /** Returns how far it could read. */
  #read(bytes: Buffer, end: number): number {
    let place = this.#isOpen ? 0 : this.#readAnswer(bytes, end)
    while (this.#isOpen && place + 2 <= end) {
      let length = (bytes[place + 1] ?? 0) & 127
      let start = place + 2
      if (length === 126) {
        if (place + 4 > end) return place
        length = bytes.readUInt16BE(start)
        start += 2
      } else if (length === 127) {
        if (place + 10 > end) return place
        length = Number(bytes.readBigUInt64BE(start))
        start += 8
      }
      if (start + length > end) return place
      this.#frame((bytes[place] ?? 0) & 15, bytes, start, start + length)
      place = start + length
    }
    return place
  }

  #readAnswer(bytes: Buffer, end: number): number {
    const blank = bytes.subarray(0, end).indexOf('\r\n\r\n')
    if (blank === -1) return 0
    const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'))
    if (!status.startsWith('HTTP/1.1 101')) {
      this.#lose(status)
      return end
    }
    this.#isOpen = true
    this.#options.onOpen()
    return blank + 4
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number) {
    if (opcode === opcodes.text) this.#options.onFrame(bytes, start, end)
    else if (opcode === opcodes.ping) this.#socket.write(encodeFrame(opcodes.pong, bytes.subarray(start, end)))
    else if (opcode === opcodes.close) this.#lose(`closed with ${end - start >= 2 ? bytes.readUInt16BE(start) : 'no code'}`)
  }
}

let nextMask = 0x6d2b79f5

/** A client's frame, masked as the protocol demands. */
function encodeFrame(opcode: number, content: Buffer): Buffer {
  const head = content.length < 126 ? 2 : 4
  const frame = Buffer.allocUnsafe(head + 4 + content.length)
  frame[0] = 0x80 | opcode
  if (head === 2) frame[1] = 0x80 | content.length
  else {
    if (content.length > 0xffff) throw new Error('the load sends no frames of this size')
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(content.length, 2)
  }
  nextMask = (Math.imul(nextMask, 1_664_525) + 1_013_904_223) >>> 0
  frame.writeUInt32BE(nextMask, head)
  for (let index = 0; index < content.length; index++) {
    frame[head + 4 + index] = (content[index] ?? 0) ^ (frame[head + (index & 3)] ?? 0)
  }
  return frame
}
