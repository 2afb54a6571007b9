import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Identity } from '../schemas/backend.ts'
import { closeCodes, type Frame } from '../schemas/socket.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Flusher } from './flusher.ts'
import type { RelayOptions } from './options.ts'
import { Seats } from './seats.ts'
import { encodeFrame } from './wire.ts'

type ConnectionParts = {
  socket: ClientSocket
  /** What is below the socket. */
  wire: Duplex
  identity: Identity
  /** Undefined on the socket of all rooms. */
  roomId: string | undefined
}

/** What all connections have in common: kept once, not with each of them. */
type Common = {
  flusher: Flusher
  options: RelayOptions
  /** The socket has taken what it was given: its seats go on. */
  onDrained: (connection: Connection) => void
  onClosed: (connection: Connection) => void
}

/** Nothing is put into it: it is the same for all that have nothing to write. */
const none: Buffer[] = []

/**
 * One socket. Frames of a tick are gathered and written together; nothing is kept for later: what it could not take now is in the log.
 * They are written past `ws`, straight to what is below it, as bytes that are the same for all sockets. That is sound while `ws` queues
 * nothing of its own: no compression, no blobs, and nothing written once it is closing. There may be a hundred thousand of them, most of them idle:
 * what one has for itself is counted in docs/PERFORMANCE.md.
 */
export class Connection {
  /** Node puts a UUID together from a dozen strings, and they all stay; this is one. */
  readonly id = randomBytes(12).toString('base64url')
  readonly roomId: string | undefined
  readonly socket: ClientSocket
  readonly seats = new Seats()
  identity: Identity
  /** The first frame is out. */
  established = false
  closed = false
  /** Gets no live frames, since (on the clock of performance.now) `slowSince`. */
  slow = false
  slowSince = 0
  heardAt = performance.now()
  pingedAt = performance.now()
  /** Events asked for at once when catching up; smaller when they are large. */
  pageSize = 500
  /** Commands that have no answer yet. */
  inFlight = 0
  readonly #wire: Duplex
  readonly #common: Common
  #frames = none
  #gathered = 0
  /** Bytes that the socket had not passed on when it was last looked at. */
  #unsent = 0

  constructor({ socket, wire, identity, roomId }: ConnectionParts, common: Common) {
    socket.connection = this
    this.socket = socket
    this.identity = identity
    this.roomId = roomId
    this.#wire = wire
    this.#common = common
  }

  get userId(): number {
    return this.identity.user_id
  }

  /** A frame of a room, encoded. False when this socket is behind and did not get it. */
  offer(frame: Buffer): boolean {
    if (this.slow || this.closed) return false
    this.#gather(frame)
    if (this.#gathered + this.#unsent > this.#common.options.slowBytes) this.#becomeSlow()
    return true
  }

  /** A frame for this socket alone. */
  send(frame: Frame): void {
    if (this.closed) return
    this.#gather(encodeFrame(JSON.stringify(frame)))
    if (this.slow && this.#gathered + this.#unsent > this.#common.options.stuckBytes) this.#giveUp()
  }

  /** Whether answers to protocol pings can still be written. */
  hasRoom(): boolean {
    return this.socket.bufferedAmount < this.#common.options.slowBytes
  }

  /** After what was given so far. Nothing is given or taken any more. */
  close(code: number): void {
    if (this.closed) return
    this.flush()
    this.closed = true
    this.socket.close(code)
    this.#common.onClosed(this)
  }

  /** Without a word: nobody is there to hear it. */
  terminate(): void {
    if (!this.closed) {
      this.closed = true
      this.#common.onClosed(this)
    }
    this.socket.terminate()
  }

  /** Slow for too long, or with too much unsent. */
  isStuck(now: number): boolean {
    const { stuckAfter, stuckBytes } = this.#common.options
    return this.slow && (now - this.slowSince > stuckAfter || this.socket.bufferedAmount > stuckBytes)
  }

  /** He is told behind what he has not read yet; if he does not read it soon, the connection ends without. */
  tooSlow(): void {
    this.close(closeCodes.tooSlow)
  }

  /** The one place where frames are written. */
  flush(): void {
    const frames = this.#frames
    if (frames.length === 0 || this.closed) return
    this.#frames = none
    this.#gathered = 0
    // A client that has said goodbye is answered by `ws`; after its answer nothing may follow.
    if (this.socket.readyState !== WebSocket.OPEN) return
    this.#wire.write(this.#common.flusher.join(frames), () => this.#onWritten())
    this.#unsent = this.socket.bufferedAmount
    if (this.#unsent > this.#common.options.slowBytes) this.#becomeSlow()
  }

  #gather(frame: Buffer) {
    if (this.#frames.length > 0) this.#frames.push(frame)
    else {
      this.#frames = [frame]
      this.#common.flusher.add(this, this.inFlight > 0)
    }
    this.#gathered += frame.length
  }

  #onWritten() {
    this.#unsent = this.socket.bufferedAmount
    if (!this.slow || this.closed || this.#gathered + this.#unsent > this.#common.options.slowBytes / 4) return
    this.slow = false
    this.#common.onDrained(this)
  }

  #becomeSlow() {
    if (this.slow) return
    this.slow = true
    this.slowSince = performance.now()
  }

  #giveUp() {
    this.#frames = none
    this.#gathered = 0
    this.tooSlow()
  }
}
