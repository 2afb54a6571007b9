import { WebSocket } from 'ws'
import { Frame } from '../../schemas/socket.ts'

type AnyFrame = Frame & Record<string, unknown>
type Waiter = { matches(frame: AnyFrame): boolean; resolve(frame: AnyFrame): void }

/** A client's socket that remembers what it got. Every frame is checked with its schema. */
export class TestSocket {
  /** All frames so far, in order. */
  readonly frames: AnyFrame[] = []
  /** The close code, once closed. */
  readonly closed: Promise<number>
  /** The HTTP status, when the upgrade was refused; undefined when it was not. */
  readonly refused: Promise<number | undefined>
  readonly raw: WebSocket
  private taken = 0
  private waiters: Waiter[] = []
  private broken: Error | undefined

  constructor(url: string, headers: Record<string, string> = {}) {
    this.raw = new WebSocket(url, { headers })
    this.raw.on('message', (text) => this.receive(String(text)))
    this.raw.on('error', () => {})
    this.closed = new Promise((resolve) => this.raw.on('close', resolve))
    this.refused = new Promise((resolve) => {
      this.raw.on('unexpected-response', (request, response) => {
        resolve(response.statusCode)
        request.destroy()
      })
      this.raw.on('open', () => resolve(undefined))
    })
  }

  send(frame: unknown): void {
    this.raw.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame of that type that was not waited for yet; those of other types before it are passed over. */
  next<Type extends Frame['type']>(
    type: Type,
    accepts: (frame: AnyFrame) => boolean = () => true,
  ): Promise<Extract<Frame, { type: Type }> & Record<string, unknown>> {
    const matches = (frame: AnyFrame) => frame.type === type && accepts(frame)
    const there = this.frames.findIndex((frame, index) => index >= this.taken && matches(frame))
    if (this.broken) return Promise.reject(this.broken)
    if (there >= 0) {
      this.taken = there + 1
      return Promise.resolve(this.frames[there] as never)
    }
    this.taken = this.frames.length
    return new Promise((resolve) => this.waiters.push({ matches, resolve: resolve as Waiter['resolve'] }))
  }

  /** Resolves when everything that was sent to this socket before has arrived: it asks, and waits for the answer. */
  async settled(): Promise<void> {
    const pong = this.next('pong')
    this.send({ type: 'ping' })
    await pong
  }

  ofType<Type extends Frame['type']>(type: Type): Extract<Frame, { type: Type }>[] {
    return this.frames.filter((frame): frame is never => frame.type === type)
  }

  close(): void {
    this.raw.close()
  }

  private receive(text: string): void {
    const parsed = Frame.safeParse(JSON.parse(text))
    if (!parsed.success) {
      this.broken = new Error(`a frame of no known shape: ${text.slice(0, 300)}`, { cause: parsed.error })
      throw this.broken
    }
    const frame = JSON.parse(text) as AnyFrame
    this.frames.push(frame)
    const waiter = this.waiters.find((one) => one.matches(frame))
    if (!waiter) return
    this.waiters = this.waiters.filter((one) => one !== waiter)
    this.taken = this.frames.length
    waiter.resolve(frame)
  }
}
