import { until } from '../support/until.ts'
import { comparableWithTombstones, loadState } from './actors/rest-state.ts'
import type { Stage } from './actors/stage.ts'
import type { ComparedState, Evidence, StoredEvent, StoredMessage, StoredRoom } from './judge/evidence.ts'

/** What the sweep and a reconnect need when all is well; whoever needs longer is judged as he is. */
const settleWithin = 15_000

/** When all has stopped: waits until everybody has seen everything, and gathers what the judge needs. */
export async function gatherEvidence(stage: Stage): Promise<Evidence> {
  const { ledger, observers } = stage
  const rooms = await Promise.all(stage.rooms.map(({ id }) => readStored(stage, id)))
  const heads = new Map(rooms.map(({ id, head }) => [id, head]))
  await settle(() => observers.every((observer) => [...observer.views.values()].every((view) => view.cursor === heads.get(view.roomId))))
  await resumeForReads(stage)
  const states = await compareStates(stage)
  for (const { line } of observers) line.close()
  return { sends: ledger.sends, changes: ledger.changes, rooms, observers: observers.flatMap((observer) => observer.logs()), states }
}

/** Receipts are no part of the history. One that was lost on its way is told again with the next resume, so everybody resumes once. */
async function resumeForReads({ observers, rooms, world }: Stage): Promise<void> {
  const before = new Map(observers.map((observer) => [observer, observer.connections()]))
  for (const { line } of observers) line.reconnect()
  await settle(() => observers.every((observer) => observer.connections() > (before.get(observer) ?? 0)))
  const pointers = await world.sql<{ room_id: string; user_id: number; seq: number }[]>`
    select room_id, user_id, last_read_seq::int as seq from chat_participants
    where left_at is null and last_read_at is not null and room_id in ${world.sql(rooms.map(({ id }) => id))}`
  await settle(() =>
    observers.every(({ views }) =>
      pointers.every(({ room_id, user_id, seq }) => {
        const view = views.get(room_id)
        return !view || view.state().reads.get(user_id)?.read_seq === seq
      }),
    ),
  )
}

async function compareStates({ observers, rooms, nextCaller }: Stage): Promise<ComparedState[]> {
  const compared: ComparedState[] = []
  for (const { id, owner } of rooms) {
    const fresh = comparableWithTombstones(await loadState(nextCaller(), owner, id))
    for (const { name, views } of observers) {
      const view = views.get(id)
      if (view) compared.push({ observer: name, room: id, seen: comparableWithTombstones(view.state()), fresh })
    }
  }
  return compared
}

async function readStored({ world: { sql } }: Stage, id: string): Promise<StoredRoom> {
  const messages = await sql<StoredMessage[]>`
    select id, seq::int, sender_id as sender, client_id as "clientId", content, edited_at is not null as "isEdited", deleted_at is not null as "isDeleted"
    from chat_messages where room_id = ${id} order by seq`
  const events = await sql<StoredEvent[]>`
    select seq::int, kind, coalesce((data->>'user_id')::int, (data->'participant'->'user'->>'id')::int) as "userId"
    from chat_events where room_id = ${id} order by seq`
  const [room] = await sql<{ head: number }[]>`select last_seq::int as head from chat_rooms where id = ${id}`
  return { id, head: room?.head ?? 0, messages, events }
}

async function settle(condition: () => boolean): Promise<void> {
  await until(condition, settleWithin).catch(() => undefined)
}
