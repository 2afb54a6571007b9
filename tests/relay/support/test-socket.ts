import { type ClientOptions, WebSocket } from 'ws'
import { type Command, DurableFrame, Frame } from '../../../schemas/socket.ts'
import { until } from '../../support/until.ts'

type Typed<Type extends Frame['type']> = Extract<Frame, { type: Type }>

/** A client that writes down what it sees. Every frame is parsed with its schema. */
export class TestSocket {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  closeCode: number | undefined
  #taken = 0
  #failure: unknown

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options)
    this.socket.on('message', (text) => this.#hear(String(text)))
    this.socket.on('close', (code) => {
      this.closeCode = code
    })
    this.socket.on('error', () => undefined)
  }

  async opened(): Promise<this> {
    await this.next('connection_established')
    return this
  }

  say(command: Command | object): void {
    this.socket.send(JSON.stringify(command))
  }

  sayText(text: string): void {
    this.socket.send(text)
  }

  /** The first frame of that type that was not taken yet; those before it are passed over. */
  async next<Type extends Frame['type']>(type: Type): Promise<Typed<Type>> {
    let found: Frame | undefined
    await until(() => {
      if (this.#failure !== undefined) throw this.#failure
      while (!found && this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++]
        if (frame?.type === type) found = frame
      }
      if (!found && this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode} before ${type}`)
      return found !== undefined
    })
    return found as Typed<Type>
  }

  /** Everything the relay had to say before is here: frames of one socket keep their order. */
  async fence(): Promise<void> {
    this.say({ type: 'ping' })
    await this.next('pong')
  }

  async closed(): Promise<number | undefined> {
    await until(() => this.closeCode !== undefined)
    return this.closeCode
  }

  of<Type extends Frame['type']>(type: Type): Typed<Type>[] {
    return this.frames.filter((frame): frame is Typed<Type> => frame.type === type)
  }

  durable(roomId?: string): DurableFrame[] {
    return this.frames.filter((frame): frame is DurableFrame => DurableFrame.safeParse(frame).success && inRoom(frame, roomId))
  }

  seqs(roomId?: string): number[] {
    return this.durable(roomId).map(({ seq }) => seq)
  }

  #hear(text: string) {
    const parsed = Frame.safeParse(JSON.parse(text))
    if (parsed.success) this.frames.push(parsed.data)
    else this.#failure ??= parsed.error
  }
}

function inRoom(frame: Frame, roomId: string | undefined): boolean {
  return roomId === undefined || ('room_id' in frame && frame.room_id === roomId)
}
