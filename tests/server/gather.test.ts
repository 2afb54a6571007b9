import { expect, test } from 'vitest'
import { createGather } from '../../server/gather.ts'

/** Asks that are answered one after another, by hand. */
function asksOf() {
  const batches: (readonly string[])[] = []
  const settle: { answer(): void; refuse(error: Error): void }[] = []
  const ask = (batch: readonly string[]) =>
    new Promise<string[]>((resolve, reject) => {
      batches.push(batch)
      settle.push({ answer: () => resolve(batch.map((asked) => asked.toUpperCase())), refuse: reject })
    })
  return { batches, settle, ask }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const away = Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' })

test('who comes alone is asked for at once, and who comes meanwhile is the next batch', async () => {
  const { batches, settle, ask } = asksOf()
  const find = createGather({ ask, pause: 0 })
  const first = find('a')
  await turn()
  const later = [find('b'), find('c')]
  await turn()
  expect(batches).toEqual([['a']])
  settle[0]?.answer()
  expect(await first).toBe('A')
  await turn()
  expect(batches).toEqual([['a'], ['b', 'c']])
  settle[1]?.answer()
  expect(await Promise.all(later)).toEqual(['B', 'C'])
})

test('what comes in one turn goes together, and no batch is larger than the largest', async () => {
  const batches: number[] = []
  const ask = async (batch: readonly number[]) => {
    batches.push(batch.length)
    return batch
  }
  const find = createGather({ ask, largestBatch: 4, pause: 0 })
  const asked = Array.from({ length: 10 }, (_, number) => number)
  expect(await Promise.all(asked.map(find))).toEqual(asked)
  expect(batches).toEqual([4, 4, 2])
})

test('between the beginnings of two batches there is a pause, and none before the first', async () => {
  const begun: number[] = []
  const ask = async (batch: readonly string[]) => {
    begun.push(performance.now())
    return batch
  }
  const find = createGather({ ask, pause: 40 })
  const first = find('a')
  await turn()
  expect(begun).toHaveLength(1)
  await Promise.all([first, find('b'), find('c')])
  expect(begun).toHaveLength(2)
  const [one = Number.NaN, other = Number.NaN] = begun
  // A timer may be a millisecond early.
  expect(other - one).toBeGreaterThanOrEqual(38)
})

test('a bad one fails alone', async () => {
  const asked: (readonly string[])[] = []
  const ask = async (batch: readonly string[]) => {
    asked.push(batch)
    if (batch.includes('bad')) throw new Error('refused')
    return batch
  }
  const find = createGather({ ask, pause: 0 })
  const found = await Promise.allSettled(['a', 'b', 'bad', 'c', 'd'].map(find))
  expect(found.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual(['a', 'b', 'refused', 'c', 'd'])
  expect(asked[0]).toHaveLength(5)
  expect(await find('after')).toBe('after')
})

test('while the database is away nothing is repeated: all who waited are told so, and the next are asked for', async () => {
  const { batches, settle, ask } = asksOf()
  const find = createGather({ ask, pause: 0 })
  const waited = Promise.allSettled([find('a'), find('b')])
  await turn()
  settle[0]?.refuse(away)
  expect(await waited).toEqual([
    { status: 'rejected', reason: away },
    { status: 'rejected', reason: away },
  ])
  const next = find('c')
  await turn()
  expect(batches).toEqual([['a', 'b'], ['c']])
  settle[1]?.answer()
  expect(await next).toBe('C')
})

test('more than may wait are refused, and those that wait are answered', async () => {
  const { settle, ask } = asksOf()
  const find = createGather({ ask, longestQueue: 2, pause: 0 })
  const first = find('a')
  await turn()
  const waiting = [find('b'), find('c')]
  await expect(find('d')).rejects.toMatchObject({ code: 'unavailable' })
  settle[0]?.answer()
  await first
  await turn()
  settle[1]?.answer()
  expect(await Promise.all(waiting)).toEqual(['B', 'C'])
})
