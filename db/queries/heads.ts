import { sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { arrayOf, prepare } from '../prepared.ts'
import { installation } from '../schema.ts'

const askEpoch = prepare<{ epoch: number }, Record<string, never>>(() => sql`select epoch from installation`)

export async function findEpoch(db: Queryable): Promise<number> {
  const [row] = await askEpoch(db, {})
  return row?.epoch ?? 1
}

/** After a restore that lost commits: every client reloads. The new epoch. */
export async function raiseEpoch(db: Queryable): Promise<number> {
  const [row] = await db
    .insert(installation)
    .values({ epoch: 2 })
    .onConflictDoUpdate({ target: installation.id, set: { epoch: sql`${installation.epoch} + 1` } })
    .returning({ epoch: installation.epoch })
  return row?.epoch ?? 1
}

const askHeads = prepare<{ id: string; last_seq: string }, { rooms: string }>(
  (slot) => sql`select id, last_seq from chat_rooms where id = any(${slot('rooms')}::uuid[]) and deleted_at is null`,
)

/** The heads of those rooms that stand, by room id. */
export async function listHeads(db: Queryable, roomIds: readonly string[]): Promise<Map<string, number>> {
  if (roomIds.length === 0) return new Map()
  const rows = await askHeads(db, { rooms: arrayOf(roomIds) })
  return new Map(rows.map((row) => [row.id, Number(row.last_seq)]))
}

export type UserVersions = { sessionVersion: number; membershipVersion: number }

const askVersions = prepare<{ id: number; session_version: number; membership_version: number }, { users: string }>(
  (slot) => sql`select id, session_version, membership_version from users where id = any(${slot('users')}::integer[]) and is_active`,
)

/** The versions of active users, by user id. */
export async function listVersions(db: Queryable, userIds: readonly number[]): Promise<Map<number, UserVersions>> {
  if (userIds.length === 0) return new Map()
  const rows = await askVersions(db, { users: arrayOf(userIds) })
  return new Map(rows.map((row) => [row.id, { sessionVersion: row.session_version, membershipVersion: row.membership_version }]))
}
