import { lt, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import { refreshTokens } from '../schema.ts'

export type SpentToken = { jti: string; userId: number; session: string | null; revoked: boolean; expiresAt: string }

/** Marks a refresh token as no longer good. False when it was so before: of two at once, one wins. */
export async function insertSpentToken(db: Queryable, token: SpentToken): Promise<boolean> {
  const rows = await db.insert(refreshTokens).values(token).onConflictDoNothing().returning({ jti: refreshTokens.jti })
  return rows.length === 1
}

/** Marks the whole sign-in of a refresh token as no longer good, also where that token was used up before. */
export async function insertRevokedToken(db: Queryable, token: SpentToken): Promise<void> {
  const { revoked, expiresAt } = token
  await db.insert(refreshTokens).values(token).onConflictDoUpdate({ target: refreshTokens.jti, set: { revoked, expiresAt } })
}

const askSpent = prepare<{ spent: boolean }, { jti: string; session: string | null }>(
  (slot) => sql`
    select exists (select 1 from refresh_tokens where jti = ${slot('jti')})
        or exists (select 1 from refresh_tokens where session = ${slot('session')} and revoked) as spent`,
)

/** Whether the token, or the whole sign-in it belongs to, is no longer good. */
export async function isTokenSpent(db: Queryable, jti: string, session: string | null): Promise<boolean> {
  const [row] = await askSpent(db, { jti, session })
  return row?.spent ?? false
}

/** Forgets tokens that have expired by themselves. */
export async function deleteExpiredTokens(db: Queryable): Promise<void> {
  await db.delete(refreshTokens).where(lt(refreshTokens.expiresAt, sql`now()`))
}
