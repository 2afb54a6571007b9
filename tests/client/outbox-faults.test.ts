import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiError } from '../../public/client/errors.ts'
import { settled } from './support/fake-clock.ts'
import { World } from './support/outbox-world.ts'

const rooms = ['a', 'b']
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
