import type { Database } from '../db/open.ts'
import type { NewMessage } from '../db/queries/new-message.ts'
import { insertMessages, type SendOutcome } from '../db/queries/sends.ts'
import { ChatError } from '../schemas/errors.ts'

/** Stores messages: those that wait together go as one transaction. */
export type Writes = {
  /**
   * Resolves when the message's fate is committed, in the order of asking for any one sender. Rejects with `unavailable`
   * when the database cannot be asked or too much waits: the message may or may not be stored, so repeat it with its `clientId`.
   */
  send(message: NewMessage): Promise<SendOutcome>
  /** Resolves when nothing waits. */
  idle(): Promise<void>
  /** Messages that were stored, or refused, since the start. */
  written(): number
}

type Waiting = { message: NewMessage; resolve(outcome: SendOutcome): void; reject(error: unknown): void }

type Options = {
  db: Database
  /** Messages in one transaction at most. */
  largestBatch: number
  /** Messages that may wait; more are refused. */
  longestQueue?: number
  /** Told of each batch's outcomes after its commit, before the senders are: so that announcing costs once a batch. */
  onCommitted(outcomes: readonly SendOutcome[]): void
}

/**
 * Group commit. One transaction is under way at a time; what arrives meanwhile is the next. An idle server writes a
 * message at once, a busy one writes many for the price of one. A batch that the database refuses as a whole is split
 * and repeated, so that a bad message fails alone.
 */
export function createWrites({ db, largestBatch, longestQueue = 20_000, onCommitted }: Options): Writes {
  let queue: Waiting[] = []
  let writing: Promise<void> | undefined
  let written = 0

  async function writeAll(): Promise<void> {
    while (queue.length > 0) {
      const { batch, rest } = takeBatch(queue, largestBatch)
      queue = rest
      await write(batch)
    }
    writing = undefined
  }

  async function write(batch: Waiting[]): Promise<void> {
    let outcomes: SendOutcome[]
    try {
      outcomes = await insertMessages(
        db,
        batch.map((waiting) => waiting.message),
      )
    } catch (error) {
      return splitOrReject(batch, error)
    }
    written += outcomes.length
    onCommitted(outcomes)
    for (const [index, waiting] of batch.entries()) waiting.resolve(outcomes[index] as SendOutcome)
  }

  async function splitOrReject(batch: Waiting[], error: unknown): Promise<void> {
    const [only] = batch
    if (!isRefusal(error)) {
      for (const waiting of batch) waiting.reject(error)
    } else if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2)
      await write(batch.slice(0, middle))
      await write(batch.slice(middle))
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
        writing ??= Promise.resolve().then(writeAll)
      }),
    idle: async () => {
      await writing
    },
    written: () => written,
  }
}

/** The first messages of the queue, up to the limit. */
function takeBatch(queue: Waiting[], limit: number): { batch: Waiting[]; rest: Waiting[] } {
  const batch = queue.slice(0, limit)
  return hasRepetition(batch) ? takeUnrepeated(queue, limit) : { batch, rest: queue.slice(limit) }
}

/** Whether a `client_id` comes twice, be it of two senders. */
function hasRepetition(batch: readonly Waiting[]): boolean {
  const seen = new Set<string>()
  for (const { message } of batch) {
    if (message.clientId === null) continue
    if (seen.has(message.clientId)) return true
    seen.add(message.clientId)
  }
  return false
}

/** A repetition of one of the messages stays for the next batch, and with it all that follows of its sender. */
function takeUnrepeated(queue: Waiting[], limit: number): { batch: Waiting[]; rest: Waiting[] } {
  const batch: Waiting[] = []
  const rest: Waiting[] = []
  const taken = new Set<string>()
  const held = new Set<string>()
  for (const [index, waiting] of queue.entries()) {
    if (batch.length >= limit) return { batch, rest: rest.concat(queue.slice(index)) }
    const { roomId, senderId, clientId } = waiting.message
    const lane = `${roomId} ${senderId}`
    const name = `${lane} ${clientId}`
    if (held.has(lane) || (clientId !== null && taken.has(name))) {
      held.add(lane)
      rest.push(waiting)
      continue
    }
    taken.add(name)
    batch.push(waiting)
  }
  return { batch, rest }
}

/** Whether the database looked at the statement and refused it: class 22 (bad values), 23 (constraints) or 54 (limits). A lost connection or lock says nothing about the messages. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error && error.cause ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^(22|23|54)...$/.test(code)
}
