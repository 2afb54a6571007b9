import { ApiError } from '../../../public/client/errors.ts'
import { Outbox } from '../../../public/client/outbox.ts'
import { memoryOutboxStore, type OutboxEntry, type OutboxStore, type Sent } from '../../../public/client/outbox-store.ts'
import type { Command } from '../../../schemas/socket.ts'
import { FakeClock, settled } from './fake-clock.ts'

type Wire = { command: Extract<Command, { type: 'chat_message' }>; line: number }
type Call = { entry: OutboxEntry; resolve: (sent: Sent) => void; reject: (cause: unknown) => void }

/** A server that stores each client_id once, behind two doors that lose questions and answers. */
export class World {
  readonly clock = new FakeClock()
  readonly kept: OutboxStore = memoryOutboxStore()
  readonly stored = new Map<string, { room: string; content: string; sent: Sent }>()
  readonly heads = new Map<string, number>()
  online = false
  line = 0
  wire: Wire[] = []
  calls: Call[] = []
  edits: { resolve: () => void; reject: (cause: unknown) => void; id: string; content: string }[] = []
  /** The texts as edits have left them, by message id. */
  readonly edited = new Map<string, string>()
  /** Failed at some time: its place is where its author sent it again. */
  readonly failed = new Set<string>()
  conflicts = 0
  probes = 0
  #ids = 0
  page = 0
  outbox = this.#page()

  /** A page that dies without a word: from then on nothing of it reaches the store or the server. */
  #page(): Outbox {
    const page = ++this.page
    const alive = () => page === this.page
    const { kept } = this
    const store: OutboxStore = {
      list: () => kept.list(),
      put: async (entry) => (alive() ? kept.put(entry) : undefined),
      delete: async (clientId) => (alive() ? kept.delete(clientId) : undefined),
    }
    const outbox = new Outbox({
      ...{ store, clock: this.clock, random: () => 0.5, uuid: () => `c${++this.#ids}` },
      emit: (command) => {
        if (!alive() || !this.online || command.type !== 'chat_message') return false
        this.wire.push({ command, line: this.line })
        return true
      },
      post: (entry) => new Promise((resolve, reject) => alive() && this.calls.push({ entry, resolve, reject })),
      edit: (id, content) => new Promise<void>((resolve, reject) => alive() && this.edits.push({ resolve, reject, id, content })),
      probe: () => {
        this.probes += 1
      },
    })
    outbox.events.on('failed', (entry) => {
      if (alive()) this.failed.add(entry.client_id)
      if (entry.failure?.code === 'conflict') this.conflicts += 1
    })
    outbox.setOwner(1)
    outbox.start()
    return outbox
  }

  connect(): void {
    this.online = true
    this.line += 1
    this.outbox.lineOpen()
  }

  /** What was on the line may be stored or not: it is still on the wire, but nobody hears the answer. */
  cut(): void {
    this.online = false
    this.outbox.lineLost()
  }

  /** The page is loaded anew: only the store is left. */
  async reload(): Promise<void> {
    this.online = false
    this.line += 1
    this.calls = []
    this.edits = []
    this.outbox = this.#page()
    await this.outbox.load()
  }

  /** Stores a message or finds it stored; undefined when the same client_id has another text. */
  commit(clientId: string, room: string, content: string): Sent | undefined {
    const known = this.stored.get(clientId)
    if (known) return known.content === content ? known.sent : undefined
    const seq = (this.heads.get(room) ?? 0) + 1
    this.heads.set(room, seq)
    const sent = { id: `m-${clientId}`, seq }
    this.stored.set(clientId, { room, content, sent })
    return sent
  }

  answer(wire: Wire, ackTwice: boolean) {
    const { client_id, room_id, message } = wire.command
    const sent = this.commit(client_id ?? '', room_id ?? '', message)
    if (wire.line !== this.line || !this.online) return
    if (!sent) return this.outbox.refuse(client_id ?? '', { code: 'conflict', message: 'another text', status: 409 })
    for (let times = ackTwice ? 2 : 1; times > 0; times -= 1) this.outbox.acknowledge(client_id ?? '', sent)
  }

  refuse(wire: Wire, status: number): void {
    if (wire.line !== this.line || !this.online) return
    const code = status === 400 ? 'invalid' : status === 429 ? 'too_many_requests' : 'unavailable'
    this.outbox.refuse(wire.command.client_id ?? '', { code, message: code, status }, status === 429 ? 2 : undefined)
  }

  answerCall({ entry, resolve, reject }: Call): void {
    const sent = this.commit(entry.client_id, entry.room_id, entry.content)
    if (sent) resolve(sent)
    else reject(new ApiError(409, 'conflict', { detail: 'another text' }))
  }

  /** Everything works again, until nothing is left to do. */
  async heal(): Promise<void> {
    this.connect()
    for (let round = 0; round < 400; round += 1) {
      for (const wire of this.wire.splice(0)) this.answer(wire, false)
      for (const call of this.calls.splice(0)) this.answerCall(call)
      for (const edit of this.edits.splice(0)) {
        this.edited.set(edit.id, edit.content)
        edit.resolve()
      }
      await settled()
      const busy = this.outbox.list().some(({ status }) => status === 'queued' || status === 'sending')
      if (!busy) return
      await this.clock.advance(1_000)
    }
    throw new Error('the outbox does not come to rest')
  }
}
