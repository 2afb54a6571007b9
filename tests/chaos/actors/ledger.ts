import type { MessageChange, Send } from '../judge/evidence.ts'

type Open = { startedAt: number }

/** Where everybody writes down what he does, and what he is told. */
export class Ledger {
  readonly sends: Send[] = []
  readonly changes: MessageChange[] = []
  /** Milliseconds from the start of the attempt to the frame at an observer. */
  readonly latencies: number[] = []
  readonly #byClientId = new Map<string, Open>()
  readonly #recent = new Map<string, { id: string; seq: number; sender: number }[]>()

  start(send: Pick<Send, 'room' | 'sender' | 'clientId' | 'content'>, mayBeRefused = false): Send {
    const started: Send = { ...send, attempts: 0, acks: [], refusal: undefined, mayBeRefused }
    this.sends.push(started)
    this.#byClientId.set(send.clientId, { startedAt: performance.now() })
    return started
  }

  attempt(send: Send): void {
    send.attempts++
    const open = this.#byClientId.get(send.clientId)
    if (open) open.startedAt = performance.now()
  }

  acknowledge(send: Send, ack: { id: string; seq: number }): void {
    send.acks.push(ack)
    if (send.acks.length > 1) return
    const recent = this.#recent.get(send.room) ?? []
    recent.push({ ...ack, sender: send.sender })
    this.#recent.set(send.room, recent.slice(-recentLimit))
  }

  arrive(clientId: string): void {
    const open = this.#byClientId.get(clientId)
    if (open) this.latencies.push(performance.now() - open.startedAt)
  }

  /** Messages of the room that were acknowledged lately. */
  recent(room: string): readonly { id: string; seq: number; sender: number }[] {
    return this.#recent.get(room) ?? []
  }

  forget(room: string, id: string): void {
    this.#recent.set(
      room,
      this.recent(room).filter((message) => message.id !== id),
    )
  }

  counts() {
    const attempts = this.sends.reduce((sum, send) => sum + send.attempts, 0)
    const acks = this.sends.filter((send) => send.acks.length > 0).length
    return { attempts, acks, retries: attempts - this.sends.length }
  }
}

const recentLimit = 100
