import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiError } from '../../public/client/errors.ts'
import { Outbox, patience } from '../../public/client/outbox.ts'
import { memoryOutboxStore, type OutboxEntry, type OutboxStore, type Sent } from '../../public/client/outbox-store.ts'
import type { Command } from '../../schemas/socket.ts'
import { FakeClock, settled } from './support/fake-clock.ts'

const rooms = ['a', 'b']

type Wire = { command: Extract<Command, { type: 'chat_message' }>; line: number }
type Call = { entry: OutboxEntry; resolve: (sent: Sent) => void; reject: (cause: unknown) => void }

/** A server that stores each client_id once, behind two doors that lose questions and answers. */
class World {
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

const which = fc.nat({ max: 20 })
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), room: fc.constantFrom(...rooms) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('answer' as const, 'ack twice' as const, 'swallow' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refuse' as const), which, status: fc.constantFrom(400, 429, 503) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('call' as const, 'call stored, answer lost' as const, 'call lost' as const, 'call refused' as const),
      which,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('connect' as const, 'cut' as const, 'reload' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.integer({ min: 1, max: 12_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('retry' as const, 'edit' as const), which }) },
)
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never

async function take(world: World, step: Step, wished: Map<string, string>): Promise<void> {
  const pick = <Item>(items: Item[]) => ('which' in step ? items.splice(step.which % Math.max(1, items.length), 1)[0] : undefined)
  switch (step.kind) {
    case 'send':
      world.outbox.send(step.room, `text ${world.stored.size}`)
      break
    case 'answer':
    case 'ack twice':
    case 'swallow': {
      const wire = pick(world.wire)
      if (wire && step.kind !== 'swallow') world.answer(wire, step.kind === 'ack twice')
      break
    }
    case 'refuse': {
      const wire = pick(world.wire)
      if (wire) world.refuse(wire, step.status)
      break
    }
    case 'call':
    case 'call stored, answer lost':
    case 'call lost':
    case 'call refused': {
      const call = pick(world.calls)
      if (!call) break
      if (step.kind === 'call stored, answer lost') world.commit(call.entry.client_id, call.entry.room_id, call.entry.content)
      if (step.kind === 'call') world.answerCall(call)
      else if (step.kind === 'call refused') call.reject(new ApiError(400, 'invalid', { content: ['no'] }))
      else call.reject(new ApiError(0, 'network', undefined))
      break
    }
    case 'connect':
      world.connect()
      break
    case 'cut':
      world.cut()
      break
    case 'reload':
      await world.reload()
      break
    case 'wait':
      await world.clock.advance(step.milliseconds)
      break
    case 'retry':
    case 'edit': {
      const failed = world.outbox.list().filter(({ status }) => status === 'failed' || step.kind === 'edit')
      const entry = failed[step.which % Math.max(1, failed.length)]
      if (entry && step.kind === 'retry') world.outbox.retry(entry.client_id)
      if (entry && step.kind === 'edit') {
        wished.set(entry.client_id, `${entry.content} edited ${step.which}`)
        world.outbox.edit(entry.client_id, `${entry.content} edited ${step.which}`)
      }
    }
  }
  await settled()
}

test('each message is stored exactly once and in order, or failed and kept, whatever happens', async () => {
  const promise = async (schedule: Step[]) => {
    const world = new World()
    const written: { id: string; room: string }[] = []
    const wished = new Map<string, string>()
    for (const step of schedule) {
      const before = new Set(world.outbox.list().map(({ client_id }) => client_id))
      await take(world, step, wished)
      for (const entry of world.outbox.list()) {
        if (step.kind === 'send' && !before.has(entry.client_id)) written.push({ id: entry.client_id, room: entry.room_id })
      }
      for (const room of rooms) expect(world.outbox.list(room).filter(({ status }) => status === 'sending').length).toBeLessThanOrEqual(1)
    }
    await world.heal()
    const kept = new Map(world.outbox.list().map((entry) => [entry.client_id, entry]))
    for (const { id } of written)
      expect(world.stored.has(id) || kept.get(id)?.status === 'failed', `${id} is neither stored nor kept`).toBe(true)
    for (const entry of kept.values()) expect(entry.status === 'failed' || world.stored.has(entry.client_id)).toBe(true)
    for (const room of rooms) {
      const smooth = written.filter((message) => message.room === room && !world.failed.has(message.id))
      const seqs = smooth.map(({ id }) => world.stored.get(id)?.sent.seq ?? -1)
      expect(seqs).toEqual([...seqs].sort((one, other) => one - other))
    }
    for (const [id, text] of wished) {
      const entry = kept.get(id)
      const shown = entry ? (entry.amended ?? entry.content) : (world.edited.get(`m-${id}`) ?? world.stored.get(id)?.content)
      expect(shown).toBe(text)
    }
    expect(world.conflicts).toBe(0)
    const inStore = await world.kept.list()
    expect(inStore.every((entry) => kept.get(entry.client_id)?.status === 'failed')).toBe(true)
  }
  await fc.assert(fc.asyncProperty(fc.array(steps, { maxLength: 60, size: 'max' }), promise), { numRuns: 300 })
})

test('without an answer in ten seconds a message is failed, and a late ack mends it', async () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', 'hello')
  await world.clock.advance(patience - 1)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sending' }])
  expect(world.probes).toBe(1)
  await world.clock.advance(1)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { code: 'timeout' } }])
  world.outbox.acknowledge(client_id, { id: 'm1', seq: 1 })
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sent', sent: { seq: 1 } }])
  world.outbox.settle('a', 1)
  expect(world.outbox.list('a')).toEqual([])
})

test('offline messages wait without failing and leave in order', async () => {
  const world = new World()
  for (const text of ['one', 'two', 'three']) world.outbox.send('a', text)
  for (let second = 0; second < 120; second += 1) {
    for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
    await world.clock.advance(1_000)
  }
  expect(world.outbox.list('a').map(({ status }) => status)).not.toContain('failed')
  for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
  await settled()
  await world.heal()
  expect([...world.stored.values()].map(({ content }) => content)).toEqual(['one', 'two', 'three'])
})

test('a text that may have been stored is followed by an edit, not by a second message', async () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', 'helo')
  await world.clock.advance(patience)
  world.outbox.edit(client_id, 'hello')
  const again = world.wire.at(-1)
  expect(again?.command).toMatchObject({ client_id, message: 'helo' })
  if (again) world.answer(again, false)
  await settled()
  expect(world.edits).toMatchObject([{ id: `m-${client_id}`, content: 'hello' }])
  world.edits[0]?.resolve()
  await settled()
  expect(world.outbox.list('a')).toEqual([])
})

test('a refused text is edited and sent under the same client_id, since nothing was stored', () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', '')
  world.outbox.refuse(client_id, { code: 'invalid', message: 'This field may not be blank.', status: 400 })
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { message: 'This field may not be blank.' } }])
  world.outbox.edit(client_id, 'something')
  expect(world.wire.at(-1)?.command).toMatchObject({ client_id, message: 'something' })
})

test('an answer to an attempt that was given up does not touch the next one', async () => {
  const world = new World()
  const { client_id } = world.outbox.send('a', 'hello')
  await world.clock.advance(patience)
  world.connect()
  world.outbox.retry(client_id)
  for (const call of world.calls.splice(0)) call.reject(new ApiError(400, 'invalid', { content: ['late'] }))
  await settled()
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sending' }])
})

test('a message that a dead page had sent is not sent with another text', async () => {
  const world = new World()
  world.connect()
  world.outbox.send('a', 'first')
  const { client_id } = world.outbox.send('a', 'helo')
  await settled()
  world.commit(client_id, 'a', 'helo')
  await world.reload()
  world.outbox.edit(client_id, 'hello')
  await world.heal()
  expect([world.conflicts, world.stored.size, world.edited.get(`m-${client_id}`)]).toEqual([0, 2, 'hello'])
})

test('told to wait, the room waits, and nothing overtakes the message that was sent too early', async () => {
  const world = new World()
  world.connect()
  world.outbox.send('a', 'one')
  for (const wire of world.wire.splice(0)) world.refuse(wire, 429)
  world.outbox.send('a', 'two')
  world.outbox.lineOpen()
  await world.clock.advance(1_999)
  expect(world.wire).toEqual([])
  await world.clock.advance(1)
  expect(world.wire).toMatchObject([{ command: { message: 'one' } }])
})

test('the same client_id with another text on the server is told as failed', () => {
  const world = new World()
  world.connect()
  world.stored.set('c1', { room: 'a', content: 'other', sent: { id: 'm', seq: 1 } })
  world.outbox.send('a', 'mine')
  for (const wire of world.wire.splice(0)) world.answer(wire, false)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { code: 'conflict' } }])
})

test('nothing is sent in the name of another user', async () => {
  const world = new World()
  world.outbox.send('a', 'from alice')
  for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
  await settled()
  world.outbox.setOwner(2)
  world.connect()
  await world.clock.advance(60_000)
  expect([world.outbox.list('a'), world.wire]).toEqual([[], []])
  world.outbox.setOwner(1)
  expect(world.wire).toMatchObject([{ command: { message: 'from alice' } }])
})

test('a store that fails is told, and stops nothing', async () => {
  const world = new World()
  world.kept.put = () => Promise.reject(new Error('quota'))
  const causes: unknown[] = []
  world.outbox.events.on('unkept', ({ cause }) => causes.push(cause))
  world.connect()
  world.outbox.send('a', 'hello')
  await settled()
  expect([causes.length, world.wire.length]).toEqual([1, 1])
})
