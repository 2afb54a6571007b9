import { sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import { fromParticipantsSql, unreadCountSql } from './participants.ts'

// What is asked of everybody who opens a socket: for many of them with one statement.

/** Somebody with a token, before the socket of a room. */
export type Arrival = { userId: number; session: string | null; roomId: string }

export type ArrivalRow = {
  account: { username: string; isActive: boolean; sessionVersion: number; revoked: boolean } | undefined
  /** There is such a room. */
  stands: boolean
  isParticipant: boolean
}

type RawArrivalRow = {
  username: string | null
  is_active: boolean
  session_version: number
  revoked: boolean
  stands: boolean
  is_participant: boolean
}

/** Scalar subqueries, and not `exists`: that may be answered from a hash of the whole table. */
const askArrivals = prepare<RawArrivalRow, { arrivals: string }>(
  (slot) => sql`
    select member.username, member.is_active, member.session_version,
      (select true from refresh_tokens where session = asked.session and revoked limit 1) is not null as revoked,
      coalesce((select deleted_at is null from chat_rooms where id = asked."roomId"), false) as stands,
      (select true from chat_participants where room_id = asked."roomId" and user_id = asked."userId" and left_at is null) is not null
        as is_participant
    from rows from (json_to_recordset(${slot('arrivals')}::json) as ("userId" integer, session text, "roomId" uuid)) with ordinality
      as asked ("userId", session, "roomId", place)
    left join lateral (select * from users where id = asked."userId" offset 0) as member on true
    order by place`,
)

/** Who they are and whether they may, in the order asked. */
export async function listArrivals(db: Queryable, arrivals: readonly Arrival[]): Promise<ArrivalRow[]> {
  const rows = await askArrivals(db, { arrivals: JSON.stringify(arrivals) })
  return rows.map(({ username, is_active, session_version, revoked, stands, is_participant }) => ({
    account: username === null ? undefined : { username, isActive: is_active, sessionVersion: session_version, revoked },
    stands,
    isParticipant: is_participant,
  }))
}

/** A user in a room. */
export type Place = { userId: number; roomId: string }

export type OpenPlaceRow = {
  epoch: number
  membershipVersion: number
  /** Undefined for who is not in the room now. */
  room: { seq: number; isActive: boolean; unreadCount: number } | undefined
}

type RawOpenPlaceRow = {
  epoch: number | null
  membership_version: number | null
  last_seq: string | null
  is_active: boolean
  unread_count: number
}

const askOpenPlaces = prepare<RawOpenPlaceRow, { places: string }>(
  (slot) => sql`
    select (select epoch from installation) as epoch,
      (select membership_version from users where id = asked."userId" and is_active) as membership_version,
      mine.last_seq, mine.is_active, mine.unread_count
    from rows from (json_to_recordset(${slot('places')}::json) as ("userId" integer, "roomId" uuid)) with ordinality
      as asked ("userId", "roomId", place)
    left join lateral (
      select room.last_seq, room.is_active, ${unreadCountSql} as unread_count ${fromParticipantsSql}
      where participant.room_id = asked."roomId" and participant.user_id = asked."userId" and participant.left_at is null offset 0
    ) as mine on true
    order by place`,
)

/** What is read of a room for who takes a seat in it, in the order asked. */
export async function listOpenPlaces(db: Queryable, places: readonly Place[]): Promise<OpenPlaceRow[]> {
  const rows = await askOpenPlaces(db, { places: JSON.stringify(places) })
  return rows.map(({ epoch, membership_version, last_seq, is_active, unread_count }) => ({
    epoch: epoch ?? 1,
    membershipVersion: membership_version ?? 0,
    room: last_seq === null ? undefined : { seq: Number(last_seq), isActive: is_active, unreadCount: unread_count },
  }))
}
