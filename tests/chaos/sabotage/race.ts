import { randomUUID } from 'node:crypto'
import { createRestSender } from '../actors/writers.ts'
import type { Scene } from './scene.ts'

/** Messages that the guest tries to get in while he is being removed. */
const attempts = 3

/** The guest comes in, and is removed while he speaks; again and again. Answers how many of his messages were taken. */
export async function raceRemovals({ stage, room }: Scene, rounds: number, onRound: (round: number) => void = () => {}): Promise<number> {
  const { ledger } = stage
  const admin = stage.nextCaller()
  const guest = createRestSender(stage.nextCaller(), ledger, room.guest)
  let taken = 0

  async function speak() {
    const send = ledger.start({ room: room.id, sender: room.guest.id, clientId: randomUUID(), content: 'still here?' }, true)
    await guest.send(send)
    taken += send.acks.length
  }

  for (let round = 1; round <= rounds; round++) {
    const body = { room: room.id, user: room.guest.id }
    const added = await admin.untilDefinite(room.owner, { method: 'POST', path: '/api/chat/participants/', body })
    if (added.status !== 201) throw new Error(`the guest did not come in: ${JSON.stringify(added)}`)
    const removal = { method: 'DELETE', path: `/api/chat/participants/${(added.body as { id: number }).id}/` } as const
    const removed = admin.untilDefinite(room.owner, removal)
    await Promise.all([removed, ...Array.from({ length: attempts }, speak)])
    onRound(round)
  }
  // Several at once have no order among themselves: the judge is not to look for one.
  ledger.sends.sort((one, other) => (one.acks[0]?.seq ?? 0) - (other.acks[0]?.seq ?? 0))
  return taken
}
