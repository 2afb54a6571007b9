import { createHash } from 'node:crypto'

/** Rooms of as many members each; every member has one socket, in one room. */
export type Layout = { rooms: number; members: number }

/** Ids of users begin at 1. Sockets are dealt out to the rooms in turn, so that the first few are in different rooms. */
export function roomOf(userId: number, { rooms }: Layout): string {
  return roomId((userId - 1) % rooms)
}

/** As PostgreSQL's md5(…)::uuid. */
export function roomId(index: number): string {
  const hash = createHash('md5').update(`room ${index}`).digest('hex')
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
