import { randomUUID } from 'node:crypto'
import { until } from '../../support/until.ts'
import { createRestSender } from '../actors/writers.ts'
import type { Send } from '../judge/evidence.ts'
import type { Scene } from './scene.ts'

/** The guest comes in, and speaks while his removal holds the room's lock: he was in the room when he asked, and is no more when it is his turn. */
export async function speakDuringRemoval({ world: { sql }, stage, room }: Scene): Promise<Send> {
  const caller = stage.nextCaller()
  const guest = createRestSender(caller, stage.ledger, room.guest)
  await caller.untilDefinite(room.owner, { method: 'POST', path: '/api/chat/participants/', body: { room: room.id, user: room.guest.id } })
  const send = stage.ledger.start({ room: room.id, sender: room.guest.id, clientId: randomUUID(), content: 'may I still?' }, true)
  const sending = await sql.begin(async (removal) => {
    const [locked] = await removal<{ seq: number }[]>`
      update chat_rooms set last_seq = last_seq + 1 where id = ${room.id} returning last_seq::int as seq`
    const started = guest.send(send)
    await until(async () => {
      const [waiting] = await sql`select 1 from pg_stat_activity where application_name = 'aristay-chat' and wait_event_type = 'Lock'`
      return waiting !== undefined
    })
    await removal`update chat_participants set left_at = now() where room_id = ${room.id} and user_id = ${room.guest.id}`
    await removal`
      insert into chat_events (room_id, seq, kind, actor_id, data)
      values (${room.id}, ${locked?.seq ?? 0}, 'participant_removed', ${room.owner.id}, ${removal.json({ user_id: room.guest.id, participant_id: 0 })})`
    return { started }
  })
  await sending.started
  return send
}
