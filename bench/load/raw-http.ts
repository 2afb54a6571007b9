import { connect, type Socket } from 'node:net'

type Options = { port: number; path: string; token: string; onAnswer: () => void; onLost: (reason: string) => void }

/** One connection that asks for the same thing again and again, and reads no more of the answer than where it ends. */
export class RawHttp {
  readonly #socket: Socket
  readonly #request: Buffer
  readonly #options: Options
  #isEnding = false
  /** The head of an answer as far as it has come; undefined while its body comes. */
  #head: string | undefined = ''
  #left = 0

  constructor(options: Options) {
    const { port, path, token, onLost } = options
    this.#options = options
    this.#request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`)
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.on('data', (bytes) => this.#take(bytes))
    this.#socket.on('error', (error) => this.#isEnding || onLost(error.message))
    this.#socket.on('close', () => this.#isEnding || onLost('connection closed'))
  }

  ask(): void {
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  /** There is one request at a time, so nothing follows the end of an answer. */
  #take(bytes: Buffer) {
    if (this.#head !== undefined) {
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = this.#head.match(/\r\ncontent-length: (\d+)\r\n/i)?.[1]
      if (!this.#head.startsWith('HTTP/1.1 200') || length === undefined) return this.#options.onLost(this.#head.slice(0, 300))
      this.#left = Number(length) - (this.#head.length - end - 4)
      this.#head = undefined
    } else this.#left -= bytes.length
    if (this.#left > 0) return
    this.#head = ''
    this.#options.onAnswer()
  }
}
