import { until } from '../support/until.ts'
import type { Observer } from './actors/observer.ts'
import { comparableWithTombstones, loadState } from './actors/rest-state.ts'
import type { Stage } from './actors/stage.ts'
import type { ComparedState, Evidence, StoredEvent, StoredMessage, StoredRoom } from './judge/evidence.ts'

/** What the sweep and a reconnect need when all is well; whoever needs longer is judged as he is. */
const usualSettling = 15_000

/** When all has stopped: waits until everybody has seen everything, and gathers what the judge needs. */
export async function gatherEvidence(stage: Stage, settleWithin = usualSettling): Promise<Evidence> {
  const { ledger, observers } = stage
  const rooms = await Promise.all(stage.rooms.map(({ id }) => readStored(stage, id)))
  const heads = new Map(rooms.map(({ id, head }) => [id, head]))
  const hasAll = (observer: Observer) => [...observer.views.values()].every((view) => view.cursor === heads.get(view.roomId))
  await settle(() => observers.every(hasAll), settleWithin)
  // Before anybody comes back: a new socket would give him what the old one has missed.
  const logs = observers.flatMap((observer) => observer.logs())
  await resumeForReads(stage, settleWithin)
  const states = await compareStates(stage)
  for (const { line } of observers) line.close()
  return { sends: ledger.sends, changes: ledger.changes, rooms, observers: logs, states }
}

/** Receipts are no part of the history. One that was lost on its way is told again with the next resume, so everybody resumes once. */
async function resumeForReads({ observers, rooms, world }: Stage, settleWithin: number): Promise<void> {
  const before = new Map(observers.map((observer) => [observer, observer.connections()]))
  for (const { line } of observers) line.reconnect()
  await settle(() => observers.every((observer) => observer.connections() > (before.get(observer) ?? 0)), settleWithin)
  const pointers = await world.sql<{ room_id: string; user_id: number; seq: number }[]>`
    select room_id, user_id, last_read_seq::int as seq from chat_participants
    where left_at is null and last_read_at is not null and room_id in ${world.sql(rooms.map(({ id }) => id))}`
  await settle(
    () =>
      observers.every(({ views }) =>
        pointers.every(({ room_id, user_id, seq }) => {
          const view = views.get(room_id)
          return !view || view.state().reads.get(user_id)?.read_seq === seq
        }),
      ),
    settleWithin,
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

async function settle(condition: () => boolean, settleWithin: number): Promise<void> {
  await until(condition, settleWithin).catch(() => undefined)
}
