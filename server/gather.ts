import { ChatError } from '../schemas/errors.ts'
import { paced } from './pace.ts'
import { isDatabaseAway } from './plugins/errors.ts'

type Options<Asked, Found> = {
  /** Answers in the order asked, each as of a moment after it was asked for. */
  ask(batch: readonly Asked[]): Promise<readonly Found[]>
  /** Asked for at once at most. */
  largestBatch?: number
  /** That may wait; more are refused. */
  longestQueue?: number
  /** Milliseconds from the beginning of one batch to that of the next, at least. */
  pause?: number
}

type Waiting<Asked, Found> = { asked: Asked; resolve(found: Found): void; reject(error: unknown): void }

/**
 * Asks once for all that came together: one batch at a time, and what comes meanwhile is the next. Whoever comes alone is asked for at once. A batch that is
 * refused as a whole is split and repeated, so that a bad one fails alone. The answer rejects with `unavailable` when too many wait.
 */
export function createGather<Asked, Found>({
  ask,
  largestBatch = 256,
  longestQueue = 20_000,
  pause = 5,
}: Options<Asked, Found>): (asked: Asked) => Promise<Found> {
  let queue: Waiting<Asked, Found>[] = []
  let asking = false

  async function askAll(): Promise<void> {
    // What else came in the same turn.
    await undefined
    while (queue.length > 0) {
      const batch = queue.slice(0, largestBatch)
      queue = queue.slice(largestBatch)
      await paced(pause, () => askFor(batch))
    }
    asking = false
  }

  async function askFor(batch: Waiting<Asked, Found>[]): Promise<void> {
    try {
      const found = await ask(batch.map(({ asked }) => asked))
      for (const [index, { resolve }] of batch.entries()) resolve(found[index] as Found)
    } catch (error) {
      await splitOrReject(batch, error)
    }
  }

  async function splitOrReject(batch: Waiting<Asked, Found>[], error: unknown): Promise<void> {
    if (batch.length === 1 || (error instanceof Error && isDatabaseAway(error))) {
      for (const { reject } of batch) reject(error)
      return
    }
    const middle = Math.ceil(batch.length / 2)
    await askFor(batch.slice(0, middle))
    await askFor(batch.slice(middle))
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      if (queue.length >= longestQueue) {
        reject(new ChatError('unavailable', 'Too many wait for the same. Please try again.', 1))
        return
      }
      queue.push({ asked, resolve, reject })
      if (asking) return
      asking = true
      void askAll()
    })
}
