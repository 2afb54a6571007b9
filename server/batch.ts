import type { NewMessage } from '../db/queries/new-message.ts'
import type { SendOutcome } from '../db/queries/sends.ts'

/** A message that waits to be stored, and who is to be told what became of it. */
export type Waiting = { message: NewMessage; resolve(outcome: SendOutcome): void; reject(error: unknown): void }

type Taken = { batch: Waiting[]; rest: Waiting[] }

/** The first messages of the queue that can go together, up to the limit. */
export function takeBatch(queue: readonly Waiting[], limit: number): Taken {
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

/** A repetition of one of the messages stays for the next batch, and with it all that follows of its sender in the room. */
function takeUnrepeated(queue: readonly Waiting[], limit: number): Taken {
  const batch: Waiting[] = []
  const rest: Waiting[] = []
  const taken = new Set<string>()
  const held = new Set<string>()
  for (const [index, waiting] of queue.entries()) {
    if (batch.length >= limit) return { batch, rest: rest.concat(queue.slice(index)) }
    const { roomId, senderId, clientId } = waiting.message
    const sender = `${roomId} ${senderId}`
    const name = `${sender} ${clientId}`
    if (held.has(sender) || (clientId !== null && taken.has(name))) {
      held.add(sender)
      rest.push(waiting)
      continue
    }
    taken.add(name)
    batch.push(waiting)
  }
  return { batch, rest }
}
