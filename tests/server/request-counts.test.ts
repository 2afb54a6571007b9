import { expect, test } from 'vitest'
import { createMemoryBus } from '../../relay/bus/memory.ts'
import type { Bus } from '../../schemas/bus.ts'
import { createRequestCounts } from '../../server/request-counts.ts'

type Counting = Pick<Bus, 'count'>

/** A moment at which a window begins. */
const start = 1_800_000_000_000
const windowMs = 10_000
const gone: Counting = { count: async () => new Map() }

/** Servers that share a bus and a clock. */
function servers(count: number, bus: Counting = createMemoryBus(), pause = 0) {
  const clock = { now: start }
  const all = Array.from({ length: count }, () => createRequestCounts({ bus, windowMs, pause, now: () => clock.now }))
  return { clock, all, first: all[0] as (typeof all)[number], second: all[1] as (typeof all)[number] }
}

/** All that was counted has been told, and answered. */
const told = () => new Promise((resolve) => setImmediate(resolve))

test('each request counts for its key at once, and the time runs to the end of the window', () => {
  const { clock, first } = servers(1)
  expect([1, 2, 3].map(() => first.add('alice').current)).toEqual([1, 2, 3])
  expect(first.add('bob').current).toBe(1)
  clock.now += 9_999
  expect(first.add('alice')).toEqual({ current: 4, ttl: 1 })
  clock.now += 1
  expect(first.add('alice')).toEqual({ current: 1, ttl: windowMs })
})

test('what one server has counted the others know after a round trip', async () => {
  const { first, second } = servers(2)
  for (let count = 0; count < 50; count += 1) first.add('alice')
  await told()
  second.add('alice')
  await told()
  expect(second.add('alice').current).toBe(52)
  first.add('alice')
  await told()
  expect(first.add('alice').current).toBe(54)
  expect(first.add('bob').current).toBe(1)
})

test('however requests fall on servers, all that they count together is counted once', async () => {
  const { all } = servers(3)
  for (let count = 0; count < 300; count += 1) {
    all[[0, 0, 1, 2, 1, 0, 2][count % 7] ?? 0]?.add('alice')
    if (count % 11 === 0) await told()
  }
  const totals: number[] = []
  for (const server of all) {
    server.add('alice')
    await told()
    totals.push(server.add('alice').current)
    await told()
  }
  expect(totals).toEqual([302, 304, 306])
})

test('no request waits for the bus: one batch is on its way, and the next has all that came meanwhile', async () => {
  const batches: ReadonlyMap<string, number>[] = []
  const answers: (() => void)[] = []
  const slow: Counting = {
    count: (added) => {
      batches.push(added)
      return new Promise((resolve) => answers.push(() => resolve(new Map(added))))
    },
  }
  const { first } = servers(1, slow)
  for (let count = 0; count < 100; count += 1) expect(first.add('alice').current).toBe(count + 1)
  first.add('bob')
  expect(batches.map((batch) => [...batch.values()])).toEqual([[1]])
  answers.shift()?.()
  await told()
  expect(batches.map((batch) => [...batch.values()])).toEqual([[1], [99, 1]])
})

test('the first request is told of at once, and what comes within the pause after it goes as one batch', async () => {
  const batches: { at: number; amounts: number[] }[] = []
  let seen: () => void = () => undefined
  const both = new Promise<void>((resolve) => (seen = resolve))
  const counting: Counting = {
    count: async (added) => {
      batches.push({ at: performance.now(), amounts: [...added.values()] })
      if (batches.length === 2) seen()
      return new Map(added)
    },
  }
  const { first } = servers(1, counting, 1_000)
  first.add('alice')
  expect(batches.map(({ amounts }) => amounts)).toEqual([[1]])
  await told()
  for (let count = 0; count < 30; count += 1) first.add(count % 3 === 0 ? 'bob' : 'alice')
  await both
  expect(batches.map(({ amounts }) => amounts)).toEqual([[1], [10, 20]])
  // A timer may be a millisecond early.
  expect((batches[1]?.at ?? Number.NaN) - (batches[0]?.at ?? Number.NaN)).toBeGreaterThanOrEqual(998)
})

test('without the bus a server counts for itself, and tells later what it could not tell', async () => {
  const shared = createMemoryBus()
  let isUp = false
  const { first, second } = servers(2, { count: (added, lifeMs) => (isUp ? shared : gone).count(added, lifeMs) })
  for (let count = 1; count <= 20; count += 1) expect(first.add('alice').current).toBe(count)
  await told()
  expect([first.add('alice').current, second.add('alice').current]).toEqual([21, 1])
  isUp = true
  await told()
  first.add('alice')
  second.add('alice')
  await told()
  expect(second.add('alice').current).toBe(25)
})

test('a bus that has forgotten everything does not make a count smaller', async () => {
  const forgetful: Counting = { count: async (added) => new Map([...added.keys()].map((key) => [key, 1])) }
  const { first } = servers(1, forgetful)
  for (let count = 1; count <= 20; count += 1) {
    expect(first.add('alice').current).toBe(count)
    await told()
  }
})

test('who came in a window that is over is forgotten, though nobody comes after him', () => {
  const { clock, first } = servers(1, gone)
  for (let user = 0; user < 100_000; user += 1) first.add(`user ${user}`)
  first.sweep()
  expect(first.size()).toBe(100_000)
  clock.now += windowMs
  first.sweep()
  expect(first.size()).toBe(0)
})
