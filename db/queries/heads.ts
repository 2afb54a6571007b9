import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { chatRooms, installation, users } from '../schema.ts'

export async function findEpoch(db: Queryable): Promise<number> {
  const [row] = await db.select({ epoch: installation.epoch }).from(installation)
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

/** The heads of those rooms that stand, by room id. */
export async function listHeads(db: Queryable, roomIds: readonly string[]): Promise<Map<string, number>> {
  if (roomIds.length === 0) return new Map()
  const rows = await db
    .select({ id: chatRooms.id, lastSeq: chatRooms.lastSeq })
    .from(chatRooms)
    .where(and(inArray(chatRooms.id, [...roomIds]), isNull(chatRooms.deletedAt)))
  return new Map(rows.map((row) => [row.id, row.lastSeq]))
}

export type UserVersions = { sessionVersion: number; membershipVersion: number }

/** The versions of active users, by user id. */
export async function listVersions(db: Queryable, userIds: readonly number[]): Promise<Map<number, UserVersions>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .select({ id: users.id, sessionVersion: users.sessionVersion, membershipVersion: users.membershipVersion })
    .from(users)
    .where(and(inArray(users.id, [...userIds]), eq(users.isActive, true)))
  return new Map(rows.map(({ id, ...versions }) => [id, versions]))
}
