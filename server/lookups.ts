import type { Database } from '../db/open.ts'
import { type Arrival, listArrivals, listOpenPlaces, type Place } from '../db/queries/arrivals.ts'
import { listReadPointers, type ReadPointerRow } from '../db/queries/reads.ts'
import { createGather } from './gather.ts'

/** What is asked of everybody who opens a socket. When thousands come back at once, it is one statement for many of them. */
export function createLookups(db: Database) {
  return {
    /** Who comes, and whether he may. */
    arrival: createGather({ ask: (arrivals: readonly Arrival[]) => listArrivals(db, arrivals) }),
    /** A room for who takes a seat in it. */
    openPlace: createGather({ ask: (places: readonly Place[]) => listOpenPlaces(db, places) }),
    /** How far everybody in a room has read. */
    readPointers: createGather({ ask: (roomIds: readonly string[]) => listPointersOfEach(db, roomIds) }),
  }
}

export type Lookups = ReturnType<typeof createLookups>

async function listPointersOfEach(db: Database, roomIds: readonly string[]): Promise<ReadPointerRow[][]> {
  const byRoom = new Map(roomIds.map((roomId): [string, ReadPointerRow[]] => [roomId, []]))
  for (const pointer of await listReadPointers(db, [...byRoom.keys()])) byRoom.get(pointer.roomId)?.push(pointer)
  return roomIds.map((roomId) => byRoom.get(roomId) ?? [])
}
