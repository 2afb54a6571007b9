import { signToken } from '../../tests/chaos/actors/people.ts'
import type { SeatPlan } from '../load/seat.ts'
import { type Layout, roomOf } from './layout.ts'

/** One seat a member, with a token. Members are dealt out to the ports in blocks of whole rounds, so that each port has some of every room. */
export function planSeats(
  layout: Layout,
  key: string,
  ports: readonly number[],
  path: (seat: { room: string; token: string }) => string,
): SeatPlan[] {
  return Array.from({ length: layout.rooms * layout.members }, (_, index) => {
    const userId = index + 1
    const seat = { room: roomOf(userId, layout), token: signToken(userId, key) }
    const port = ports[Math.floor(index / layout.rooms) % ports.length]
    if (port === undefined) throw new Error('a system without a port')
    return { ...seat, number: index, port, path: path(seat) }
  })
}
