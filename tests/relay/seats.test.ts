import { expect, test } from 'vitest'
import type { Seat } from '../../relay/seat.ts'
import { Seats } from '../../relay/seats.ts'

/** As far as seats look at one. */
const seatIn = (id: string) => ({ room: { id } }) as Seat

test.each([0, 1, 2, 3])('each of %i seats is found by its room, and by no other', (count) => {
  const seats = new Seats()
  const all = Array.from({ length: count }, (_, index) => seatIn(`room ${index}`))
  for (const seat of all) seats.add(seat)
  expect([...seats]).toEqual(all)
  for (const seat of all) expect(seats.in(seat.room.id)).toBe(seat)
  expect(seats.in('another')).toBeUndefined()
})

test('seats come and go, down to none, and come again', () => {
  const seats = new Seats()
  const [first, second, third] = [seatIn('first'), seatIn('second'), seatIn('third')]
  seats.add(first)
  seats.remove(first)
  expect([...seats]).toEqual([])
  for (const seat of [first, second]) seats.add(seat)
  seats.remove(first)
  expect(seats.in('first')).toBeUndefined()
  seats.remove(second)
  expect([...seats]).toEqual([])
  seats.add(third)
  expect([...seats]).toEqual([third])
})
