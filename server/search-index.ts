import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/open.ts'
import { indexStep, listLivelyRooms, listRoomsBehind, resetProgress, roomsAtOnce } from '../db/queries/search-index.ts'

/** Follows what is said with the index of search. Any number of servers may: each takes rooms that no other works on. */
export type SearchIndex = {
  start(): void
  /** Brings everything committed before into the index, without rests. How many changes that were. */
  catchUp(): Promise<number>
  /** Resolves when the step under way is over. May be called twice. */
  close(): Promise<void>
}

type Options = {
  db: Database
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Messages that this server was sent so far. */
  written: () => number
  /** Milliseconds from one look for new messages to the next. */
  interval?: number
}

/** Milliseconds. Hints find what is fresh; the look at every room finds the rest, such as what a crash or a burst left behind. */
const everyRoomEach = 60_000
/** Seconds by which one look for hints reaches back behind the former: a commit can come that much later than its time. */
const overlap = 10
/** A step is followed by a rest of this many times its length. */
const restFactor = 4
/** Messages a second, more than which are a burst: the index falls behind in any case, so it leaves the machine to the sends. */
const burst = 1_500
const restFactorInBurst = 99

/** Milliseconds to rest after a step of so many, while so many messages a second come in. */
export function restAfter(step: number, sendsPerSecond: number): number {
  return step * (sendsPerSecond > burst ? restFactorInBurst : restFactor)
}

/** Milliseconds. So often a rest looks whether the burst is over. */
const glance = 250

/**
 * An index at rest costs one look at two indexes each second. It is one interval late, plus the steps before: some 1 000 messages a
 * second are followed at once, and of more what comes when the burst is over.
 */
export function createSearchIndex({ db, log, written, interval = 1000 }: Options): SearchIndex {
  const closing = new AbortController()
  const queue = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let lastLook = 0
  let known = { written: written(), at: performance.now(), rate: 0 }
  let lastLookAtAll = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    const now = performance.now()
    const atAll = now - lastLookAtAll >= everyRoomEach
    const rooms = atAll ? await listRoomsBehind(db) : await listLivelyRooms(db, (now - lastLook) / 1000 + overlap)
    for (const roomId of rooms) queue.add(roomId)
    lastLook = now
    if (atAll) lastLookAtAll = now
  }

  /** Messages a second that this server was sent since the last time this was asked, or for a tenth of a second at least. */
  function rateOfSends(): number {
    const now = { written: written(), at: performance.now() }
    const seconds = (now.at - known.at) / 1000
    if (seconds > 0.1) known = { ...now, rate: (now.written - known.written) / seconds }
    return known.rate
  }

  /** After a step that took so many milliseconds. It is long in a burst, and ends with it. */
  async function rest(step: number): Promise<void> {
    const begun = performance.now()
    for (;;) {
      const left = begun + restAfter(step, rateOfSends()) - performance.now()
      if (left <= 0) return
      await pause(Math.min(left, glance), undefined, closing)
    }
  }

  /** Works off the queue, with rests, until the next look is due. */
  async function work(): Promise<void> {
    const until = performance.now() + interval
    while (queue.size > 0 && !closing.signal.aborted && performance.now() < until) {
      const began = performance.now()
      await takeStep(db, queue)
      await rest(performance.now() - began)
    }
  }

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      const began = performance.now()
      turn = turn
        .then(look)
        .then(work)
        .catch((err: Error) => !closing.signal.aborted && log.warn({ err }, 'search index not brought forward'))
        .finally(() => !closing.signal.aborted && schedule(Math.max(0, interval - (performance.now() - began))))
    }, ms).unref()
  }

  return {
    start: () => schedule(0),
    catchUp() {
      const caughtUp = turn.then(() => catchUp(db))
      turn = caughtUp.catch(() => undefined)
      return caughtUp
    },
    async close() {
      closing.abort()
      clearTimeout(timer)
      await turn
    },
  }
}

/** One step of the rooms that have waited longest; those that are not done wait again. */
async function takeStep(db: Database, queue: Set<string>): Promise<number> {
  const rooms = [...queue].slice(0, roomsAtOnce)
  for (const roomId of rooms) queue.delete(roomId)
  const { changes, behind } = await indexStep(db, rooms)
  for (const roomId of behind) queue.add(roomId)
  return changes
}

async function catchUp(db: Database): Promise<number> {
  const queue = new Set(await listRoomsBehind(db))
  let changes = 0
  while (queue.size > 0) changes += await takeStep(db, queue)
  return changes
}

/** Fills the index anew, as after another version of PostgreSQL or of its dictionaries. Search goes on meanwhile. How many changes were read. */
export async function rebuildSearchIndex(db: Database): Promise<number> {
  await resetProgress(db)
  return catchUp(db)
}
