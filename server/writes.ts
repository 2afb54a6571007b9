import type { Database } from '../db/open.ts'
import type { NewMessage } from '../db/queries/new-message.ts'
import { insertMessages, type SendOutcome } from '../db/queries/sends.ts'
import { ChatError } from '../schemas/errors.ts'
import { takeBatch, type Waiting } from './batch.ts'

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
  /** Messages that may wait; more are refused. */
  longestQueue?: number
  /** Told of each batch's outcomes after its commit, before the senders are: so that announcing costs once a batch. */
  onCommitted(outcomes: readonly SendOutcome[]): void
}

/** Messages under way, more than which are a batch worth waiting for. */
const few = 4

/**
 * Group commit. What arrives while a batch is under way is the next: an idle server writes a message at once, a busy one writes many for the price of
 * one. While only few are under way, others need not wait for them: they go by another lane. Never two lanes at a time into one room, which keeps the
 * order of its senders. A batch that the database refuses as a whole is split and repeated, so that a bad message fails alone.
 */
export function createWrites({ lanes, largestBatch, longestQueue = 20_000, onCommitted }: Options): Writes {
  const free = [...lanes].reverse()
  const roomsUnderWay = new Set<string>()
  let underWay = 0
  let queue: Waiting[] = []
  let scheduled = false
  let onIdle: (() => void)[] = []
  let written = 0

  /** Not at once: what else comes in this turn goes with it. */
  function schedule() {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      begin()
    })
  }

  function begin() {
    while (queue.length > 0 && underWay <= few) {
      const lane = free.pop()
      if (!lane) return
      const { batch, rest } = takeBatch(queue, largestBatch, roomsUnderWay)
      if (batch.length === 0) {
        free.push(lane)
        return
      }
      queue = rest
      void travel(lane, batch)
    }
  }

  async function travel(lane: Database, batch: Waiting[]): Promise<void> {
    const rooms = new Set(batch.map(({ message }) => message.roomId))
    for (const roomId of rooms) roomsUnderWay.add(roomId)
    underWay += batch.length
    await write(lane, batch)
    underWay -= batch.length
    for (const roomId of rooms) roomsUnderWay.delete(roomId)
    free.push(lane)
    begin()
    if (underWay > 0) return
    for (const resolve of onIdle) resolve()
    onIdle = []
  }

  async function write(lane: Database, batch: Waiting[]): Promise<void> {
    let outcomes: SendOutcome[]
    try {
      outcomes = await insertMessages(
        lane,
        batch.map((waiting) => waiting.message),
      )
    } catch (error) {
      return splitOrReject(lane, batch, error)
    }
    written += outcomes.length
    onCommitted(outcomes)
    for (const [index, waiting] of batch.entries()) waiting.resolve(outcomes[index] as SendOutcome)
  }

  async function splitOrReject(lane: Database, batch: Waiting[], error: unknown): Promise<void> {
    const [only] = batch
    if (!isRefusal(error)) {
      for (const waiting of batch) waiting.reject(error)
    } else if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2)
      await write(lane, batch.slice(0, middle))
      await write(lane, batch.slice(middle))
    } else only?.reject(error)
  }

  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (queue.length >= longestQueue) {
          reject(new ChatError('unavailable', 'Too many messages wait to be stored. Please try again.', 1))
          return
        }
        queue.push({ message, resolve, reject })
        schedule()
      }),
    idle: () =>
      new Promise((resolve) => {
        if (underWay === 0 && queue.length === 0) resolve()
        else onIdle.push(resolve)
      }),
    written: () => written,
  }
}

/** Whether the database looked at the statement and refused it: class 22 (bad values), 23 (constraints) or 54 (limits). A lost connection or lock says nothing about the messages. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error && error.cause ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^(22|23|54)...$/.test(code)
}
