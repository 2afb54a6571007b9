import { expect, test } from 'vitest'
import { newId } from '../../server/ids.ts'

test('ids are UUIDv7, none twice, in the order of their times', () => {
  const start = Date.UTC(2026, 10, 24)
  const ids = Array.from({ length: 2_000 }, (_, index) => newId(start + index))
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(ids.map((id) => id.slice(14))).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
  expect(Number.parseInt(newId(start).replace('-', '').slice(0, 12), 16)).toBe(start)
})
