import { applyFrames, type RoomState, type StateFrame } from '../../../public/client/state.ts'
import type { DurableFrame, ReadReceiptFrame } from '../../../schemas/socket.ts'
import type { Seen } from '../judge/evidence.ts'

/** Frames that are applied together: applying copies the state. */
const framesAtOnce = 1_000

/** One room as one observer sees it, with everything that came written down. */
export class View {
  readonly roomId: string
  readonly seen: Seen[] = []
  /** The last seq that was applied. */
  cursor: number
  #state: RoomState
  #unapplied: StateFrame[] = []
  /** Came while the room was being reloaded. */
  #waiting: DurableFrame[] | undefined

  constructor(state: RoomState) {
    this.roomId = state.room.id
    this.cursor = state.seq
    this.#state = state
  }

  note(entry: Seen): void {
    this.seen.push(entry)
  }

  receive(frame: DurableFrame): void {
    this.note({ kind: 'frame', seq: frame.seq, messageId: frame.type === 'chat_message' ? frame.message.id : undefined })
    if (this.#waiting) this.#waiting.push(frame)
    else this.#apply(frame)
  }

  receiveReceipt(frame: ReadReceiptFrame): void {
    this.#queue(frame)
  }

  /** Replaces the state by one that is read by REST. */
  async reload(load: () => Promise<RoomState>): Promise<void> {
    this.#waiting ??= []
    this.#state = await load()
    this.#unapplied = []
    this.cursor = this.#state.seq
    this.note({ kind: 'reloaded', seq: this.cursor })
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const frame of waiting) this.#apply(frame)
  }

  state(): RoomState {
    this.#state = applyFrames(this.#state, this.#unapplied)
    this.#unapplied = []
    return this.#state
  }

  /** The client's rule: the next, and nothing else. */
  #apply(frame: DurableFrame) {
    if (frame.seq !== this.cursor + 1) return
    this.cursor = frame.seq
    this.#queue(frame)
  }

  #queue(frame: StateFrame) {
    this.#unapplied.push(frame)
    if (this.#unapplied.length >= framesAtOnce) this.state()
  }
}
