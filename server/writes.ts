import type { Database } from '../db/open.ts'
import type { NewMessage } from '../db/queries/new-message.ts'
import { insertMessages, type SendOutcome } from '../db/queries/sends.ts'
import { ChatError } from '../schemas/errors.ts'
import { takeBatch, type Waiting } from './batch.ts'
import { databaseCodeOf } from './plugins/errors.ts'

/** Stores messages: those that wait together go as one transaction. */
export type Writes = {
  /**
   * Resolves when the message's fate is committed, in the order of asking for any one sender in a room. Rejects with `unavailable`
   * when the database cannot be asked or too much waits: the message may or may not be stored, so repeat it with its `clientId`.
   */
  send(message: NewMessage): Promise<SendOutcome>
  /** Resolves when nothing waits. */
  idle(): Promise<void>
  /** Messages that were stored, or refused, since the start. */
  written(): number
}

type Options = {
  /** A connection each. */
  lanes: readonly Database[]
  /** Messages in one transaction at most. */
  largestBatch: number
  /** Messages that may wait, at most half of them for one room; more are refused. */
  longestQueue?: number
  /** Told of each batch's outcomes after its commit, before the senders are: so that announcing costs once a batch. Must not throw. */
  onCommitted(outcomes: readonly SendOutcome[]): void
}

/** Messages under way, more than which are a batch worth waiting for. */
const few = 4

/** Milliseconds for which all go by one lane after another has failed: who goes by one that cannot connect is refused. */
const restOfLane = 10_000

/**
 * Group commit. What arrives while a batch is under way is the next: an idle server writes a message at once, a busy one writes many for the price of
 * one. While only few are under way, others need not wait for them: they go by another lane. Never two lanes at a time into one room, which keeps the
 * order of its senders. A batch that the database refuses as a whole is split and repeated, so that a bad message fails alone.
 */
export function createWrites({ lanes, largestBatch, longestQueue = 20_000, onCommitted }: Options): Writes {
  /** The last is taken first: the warmest, and none that failed. */
  const free = [...lanes].reverse()
  /** Rooms under way, each with what waits for it. What waits for a lane is of other rooms. */
  const roomsUnderWay = new Map<string, Waiting[]>()
  let queue: Waiting[] = []
  let waiting = 0
  let underWay = 0
  let sideBySideFrom = Number.NEGATIVE_INFINITY
  let scheduled = false
  let onIdle: (() => void)[] = []
  let written = 0

  function send(message: NewMessage): Promise<SendOutcome> {
    return new Promise((resolve, reject) => {
      const ofRoom = roomsUnderWay.get(message.roomId)?.length ?? 0
      if (waiting >= longestQueue || ofRoom >= longestQueue / 2) {
        reject(new ChatError('unavailable', 'Too many messages wait to be stored. Please try again.', 1))
        return
      }
      waiting++
      wait({ message, resolve, reject })
      if (canBegin()) schedule()
    })
  }

  function wait(one: Waiting) {
    const line = roomsUnderWay.get(one.message.roomId) ?? queue
    line.push(one)
  }

  /** Not at once: what else comes in this turn goes with it. */
  function schedule() {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      begin()
    })
  }

  function canBegin(): boolean {
    if (queue.length === 0 || free.length === 0) return false
    return underWay === 0 || (underWay <= few && performance.now() >= sideBySideFrom)
  }

  function begin() {
    while (canBegin()) {
      const { batch, rest } = takeBatch(queue, largestBatch)
      queue = []
      waiting -= batch.length
      for (const { message } of batch) if (!roomsUnderWay.has(message.roomId)) roomsUnderWay.set(message.roomId, [])
      for (const one of rest) wait(one)
      void travel(free.pop() as Database, batch)
    }
  }

  async function travel(lane: Database, batch: readonly Waiting[]): Promise<void> {
    underWay += batch.length
    const works = await write(lane, batch)
    underWay -= batch.length
    if (works) free.push(lane)
    else {
      free.unshift(lane)
      sideBySideFrom = performance.now() + restOfLane
    }
    for (const roomId of new Set(batch.map(({ message }) => message.roomId))) {
      const line = roomsUnderWay.get(roomId) ?? []
      roomsUnderWay.delete(roomId)
      for (const one of line) queue.push(one)
    }
    begin()
    if (underWay > 0) return
    for (const resolve of onIdle) resolve()
    onIdle = []
  }

  /** Tells everybody in the batch. Whether the lane works. */
  async function write(lane: Database, batch: readonly Waiting[]): Promise<boolean> {
    let outcomes: SendOutcome[]
    try {
      const messages = batch.map(({ message }) => message)
      outcomes = await insertMessages(lane, messages)
    } catch (error) {
      return splitOrReject(lane, batch, error)
    }
    written += outcomes.length
    onCommitted(outcomes)
    for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as SendOutcome)
    return true
  }

  async function splitOrReject(lane: Database, batch: readonly Waiting[], error: unknown): Promise<boolean> {
    const code = databaseCodeOf(error) ?? ''
    if (batch.length > 1 && isRefusal(code)) {
      const middle = Math.ceil(batch.length / 2)
      const works = [await write(lane, batch.slice(0, middle)), await write(lane, batch.slice(middle))]
      return works.every(Boolean)
    }
    for (const { reject } of batch) reject(error)
    return isRefusal(code) || isConflict(code)
  }

  return {
    send,
    idle: () =>
      new Promise((resolve) => {
        if (underWay + waiting === 0) resolve()
        else onIdle.push(resolve)
      }),
    written: () => written,
  }
}

/** Whether the database looked at the statement and refused it: class 22 (bad values), 23 (constraints) or 54 (limits). A lost connection or lock says nothing about the messages. */
function isRefusal(code: string): boolean {
  return /^(22|23|54)...$/.test(code)
}

/** Whether others were in the way: a deadlock, a lock that was not had in time, a statement that took too long. */
function isConflict(code: string): boolean {
  return /^(40...|55P03|57014)$/.test(code)
}
