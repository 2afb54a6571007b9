import type { World } from '../parts/world.ts'
import { type Caller, createCaller, rotated } from './caller.ts'
import { Ledger } from './ledger.ts'
import { type Observer, observeAll, observeRoom } from './observer.ts'
import { createPeople, type Somebody } from './people.ts'
import { loadState } from './rest-state.ts'

export type StageOptions = { rooms: number; writersPerRoom: number; roomObservers: number; allObservers: number }

export type StageRoom = { id: string; owner: Somebody; writers: Somebody[]; readers: Somebody[]; guest: Somebody }

/** Rooms with people in them, and observers who have seen everything from the first change on. */
export type Stage = {
  world: World
  ledger: Ledger
  rooms: StageRoom[]
  observers: Observer[]
  /** By user id. */
  people: ReadonlyMap<number, Somebody>
  /** Asks the servers, each time beginning with another one. */
  nextCaller(): Caller
  /** Addresses of the relays, each time beginning with another one. */
  nextRelays(): string[]
}

const readersPerRoom = 2

export async function setStage(world: World, options: StageOptions): Promise<Stage> {
  const ledger = new Ledger()
  const people = new Map<number, Somebody>()
  let turn = 0
  const nextCaller = () =>
    createCaller(
      rotated(
        world.servers.map(({ url }) => url),
        turn++,
      ),
    )
  const nextRelays = () =>
    rotated(
      world.relays.map(({ url }) => url.replace('http', 'ws')),
      turn++,
    )
  const caller = nextCaller()

  async function cast(role: string, count: number): Promise<Somebody[]> {
    const names = Array.from({ length: count }, (_, index) => `${role}-${index + 1}`)
    const made = await createPeople(world, names)
    for (const somebody of made) people.set(somebody.id, somebody)
    return made
  }

  async function openRoom(index: number, watchers: readonly Somebody[]): Promise<StageRoom> {
    const [owner, guest] = await cast(`host-${index}`, 2)
    const writers = await cast(`writer-${index}`, options.writersPerRoom)
    const readers = await cast(`reader-${index}`, readersPerRoom)
    if (!owner || !guest) throw new Error('nobody was cast')
    const participant_ids = [...writers, ...readers, ...watchers].map(({ id }) => id)
    const body = { room_type: 'group', name: `Room ${index}`, participant_ids }
    const answer = await caller.untilDefinite(owner, { method: 'POST', path: '/api/chat/rooms/', body })
    if (answer.status !== 201) throw new Error(`no room: ${JSON.stringify(answer.body)}`)
    return { id: (answer.body as { id: string }).id, owner, writers, readers, guest }
  }

  async function seat(watchers: readonly Somebody[], rooms: readonly StageRoom[]): Promise<Observer[]> {
    const [first] = watchers
    if (!first) return []
    const states = await Promise.all(rooms.map(({ id }) => loadState(caller, first, id)))
    const common = () => ({ urls: nextRelays(), caller: nextCaller(), ledger })
    const wide = watchers.slice(0, options.allObservers)
    const narrow = watchers.slice(options.allObservers)
    return [
      ...wide.map((who) => observeAll({ ...common(), name: `${who.username} (all rooms)`, who, states })),
      ...narrow.flatMap((who) =>
        states.map((state) => observeRoom({ ...common(), name: `${who.username} (one room)`, who, states: [state] })),
      ),
    ]
  }

  const watchers = await cast('observer', options.allObservers + options.roomObservers)
  const rooms: StageRoom[] = []
  for (let index = 1; index <= options.rooms; index++) rooms.push(await openRoom(index, watchers))
  return { world, ledger, rooms, observers: await seat(watchers, rooms), people, nextCaller, nextRelays }
}
