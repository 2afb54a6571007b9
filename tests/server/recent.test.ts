import { expect, test } from 'vitest'
import { createRecent } from '../../server/recent.ts'

const keys = (from: number, upto: number) => Array.from({ length: upto - from }, (_, index) => `key ${from + index}`)

test('the last ones are remembered, and no more than twice as many', () => {
  const recent = createRecent<string>(100)
  for (const key of keys(0, 1_000)) recent.set(key, `found for ${key}`)
  const known = keys(0, 1_000).filter((key) => recent.get(key) !== undefined)
  expect(known).toEqual(expect.arrayContaining(keys(900, 1_000)))
  expect(known.length).toBeLessThanOrEqual(200)
  expect(recent.get('key 999')).toBe('found for key 999')
})

test('what is asked for again and again is not forgotten for what comes once', () => {
  const recent = createRecent<number>(100)
  recent.set('often', 7)
  for (const key of keys(0, 10_000)) {
    recent.set(key, 0)
    expect(recent.get('often')).toBe(7)
  }
  expect(recent.get('key 0')).toBeUndefined()
})
