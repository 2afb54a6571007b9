import { eq, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import { chatEvents, chatRooms, type EventKind } from '../schema.ts'
import { type MessageRow, messageColumnsSql, messageJoinsSql, type RawMessageRow, toMessageRow } from './messages.ts'

export type NewEvent = { kind: EventKind; actorId: number; messageId?: string; frame: Record<string, unknown> }

/**
 * Gives the change the room's next number and writes it down. The caller holds the room's lock and commits both together.
 * `frame` is the frame's own part where it does not come from a message.
 */
export async function insertEvent(tx: Queryable, roomId: string, event: NewEvent): Promise<number> {
  const [room] = await tx
    .update(chatRooms)
    .set({ lastSeq: sql`${chatRooms.lastSeq} + 1` })
    .where(eq(chatRooms.id, roomId))
    .returning({ seq: chatRooms.lastSeq })
  if (!room) throw new Error('an event for a room that does not exist')
  const { kind, actorId, messageId, frame } = event
  await tx.insert(chatEvents).values({ roomId, seq: room.seq, kind, actorId, messageId, data: frame })
  return room.seq
}

/** A change as it is replayed: a message as it is now, or the frame's own part as it was. */
export type ChangeRow =
  | { seq: number; kind: 'message_created' | 'message_updated' | 'message_deleted'; message: MessageRow }
  | { seq: number; kind: Exclude<EventKind, `message${string}`>; frame: Record<string, unknown> }

type RawChangeRow = RawMessageRow & {
  head: string
  epoch: number | null
  change_seq: string | null
  kind: EventKind | 'message_created'
  data: unknown
}

/** The longest stretch that anybody asks for, as a constant: beside it the planner knows that few rows are wanted. */
const longestStretch = sql.raw('1000')

const askChanges = prepare<RawChangeRow, { room: string; since: number; limit: number }>(
  (slot) => sql`
    select room.last_seq as head, (select epoch from installation) as epoch, change.seq as change_seq, change.kind, change.data,
      ${messageColumnsSql}
    from chat_rooms as room
    left join lateral (
      select * from (
        (select seq, 'message_created' as kind, id as message_id, null::jsonb as data
         from chat_messages where room_id = room.id and seq > ${slot('since')} order by seq limit ${longestStretch})
        union all
        (select seq, kind, message_id, data
         from chat_events where room_id = room.id and seq > ${slot('since')} order by seq limit ${longestStretch})
        order by seq limit ${longestStretch}
      ) as nearest limit ${slot('limit')}
    ) as change on true
    left join chat_messages as message on message.id = change.message_id
    ${messageJoinsSql}
    where room.id = ${slot('room')}
    order by change.seq`,
)

/** The room's history after `since`, in order and without a hole, with its head and the epoch as of the same moment. Undefined when the room is gone. */
export async function listChanges(
  db: Queryable,
  roomId: string,
  since: number,
  limit: number,
): Promise<{ head: number; epoch: number; changes: ChangeRow[] } | undefined> {
  const rows = await askChanges(db, { room: roomId, since, limit })
  const [first] = rows
  if (!first) return undefined
  const changes = rows.flatMap((row): ChangeRow[] => {
    if (row.change_seq === null) return []
    const seq = Number(row.change_seq)
    if (row.kind === 'message_created' || row.kind === 'message_updated' || row.kind === 'message_deleted') {
      return [{ seq, kind: row.kind, message: toMessageRow(row) }]
    }
    return [{ seq, kind: row.kind, frame: row.data as Record<string, unknown> }]
  })
  return { head: Number(first.head), epoch: first.epoch ?? 1, changes }
}
