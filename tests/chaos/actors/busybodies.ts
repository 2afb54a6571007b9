import { randomUUID } from 'node:crypto'
import { pace } from '../parts/pacing.ts'
import type { Random } from '../parts/random.ts'
import type { Caller } from './caller.ts'
import type { Stage, StageRoom } from './stage.ts'
import { createRestSender } from './writers.ts'

type Part = { stage: Stage; room: StageRoom; random: Random; stopped: () => boolean }

/** Milliseconds between two deeds, on average. */
const pauses = { change: 400, read: 500, join: 700, guest: 150, rename: 2_000 }

/** Everything in a room beside ordinary sending, a loop each. They end after `stopped`, with a definite answer to what they did last. */
export function beBusy(part: Part): Promise<void>[] {
  return [
    repeat(part, pauses.change, changeMessages(part)),
    repeat(part, pauses.read, readMessages(part)),
    repeat(part, pauses.join, joinAndLeave(part)),
    repeat(part, pauses.guest, speakAsGuest(part)),
    repeat(part, pauses.rename, rename(part)),
  ]
}

async function repeat({ stopped }: Part, pause: number, deed: () => Promise<void>) {
  while (!stopped()) {
    await deed()
    await pace(pause * (0.5 + Math.random()))
  }
}

/**
 * Edits or deletes a message that was just sent, each message once: an attempt that was given up may be done late, by a server
 * that was frozen, and must not meet another change.
 */
function changeMessages({ stage, room, random }: Part) {
  const caller = stage.nextCaller()
  const { ledger, people } = stage
  return async () => {
    const recent = ledger.recent(room.id)
    const message = recent[random.below(recent.length)]
    const sender = message && people.get(message.sender)
    if (!sender || sender === room.guest) return
    ledger.forget(room.id, message.id)
    const path = `/api/chat/messages/${message.id}/`
    if (random.next() < 0.3) {
      // 404: an attempt whose answer was lost had done it.
      const { status } = await caller.untilDefinite(sender, { method: 'DELETE', path })
      if (status === 204 || status === 404) ledger.changes.push({ messageId: message.id, content: undefined })
      return
    }
    const content = `edited ${randomUUID()}`
    const { status } = await caller.untilDefinite(sender, { method: 'PATCH', path, body: { content } })
    if (status === 200) ledger.changes.push({ messageId: message.id, content })
  }
}

function readMessages({ stage, room, random }: Part) {
  const caller = stage.nextCaller()
  return async () => {
    const reader = random.pick(room.readers)
    const recent = stage.ledger.recent(room.id)
    const message = recent[random.below(recent.length)]
    const one = message && random.next() < 0.5 ? `/api/chat/messages/${message.id}/mark_read/` : undefined
    await caller.untilDefinite(reader, { method: 'POST', path: one ?? `/api/chat/rooms/${room.id}/mark_read/` })
  }
}

/** The guest comes and goes. */
function joinAndLeave({ stage, room: { id: room, owner, guest } }: Part) {
  const caller = stage.nextCaller()
  return async () => {
    await caller.untilDefinite(owner, { method: 'POST', path: '/api/chat/participants/', body: { room, user: guest.id } })
    await pace(pauses.join * Math.random())
    const id = await findParticipant(caller, { id: room, owner, guest })
    if (id !== undefined) await caller.untilDefinite(owner, { method: 'DELETE', path: `/api/chat/participants/${id}/` })
  }
}

async function findParticipant(caller: Caller, { id, owner, guest }: Pick<StageRoom, 'id' | 'owner' | 'guest'>) {
  const { body } = await caller.untilDefinite(owner, { method: 'GET', path: `/api/chat/participants/?room=${id}&user=${guest.id}` })
  return (body as { results?: { id: number }[] }).results?.[0]?.id
}

/** Speaks whether he is in the room or not. */
function speakAsGuest({ stage: { ledger, nextCaller }, room: { id: room, guest } }: Part) {
  const sender = createRestSender(nextCaller(), ledger, guest)
  return () => sender.send(ledger.start({ room, sender: guest.id, clientId: randomUUID(), content: 'a word from a guest' }, true))
}

function rename({ stage, room }: Part) {
  const caller = stage.nextCaller()
  return async () => {
    const body = { name: `Room ${randomUUID()}` }
    await caller.untilDefinite(room.owner, { method: 'PATCH', path: `/api/chat/rooms/${room.id}/`, body })
  }
}
