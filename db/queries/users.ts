import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Role } from '../../schemas/users.ts'
import type { Queryable } from '../open.ts'
import { prepare } from '../prepared.ts'
import { users } from '../schema.ts'

/** What others see of a user. */
export type UserRow = { id: number; username: string; firstName: string; lastName: string; email: string }

export type AccountRow = UserRow & {
  role: Role
  isSuperuser: boolean
  isActive: boolean
  passwordHash: string
  sessionVersion: number
}

export const userColumns = {
  id: users.id,
  username: users.username,
  firstName: users.firstName,
  lastName: users.lastName,
  email: users.email,
}

const accountColumns = {
  ...userColumns,
  role: users.role,
  isSuperuser: users.isSuperuser,
  isActive: users.isActive,
  passwordHash: users.passwordHash,
  sessionVersion: users.sessionVersion,
}

const accountColumnsSql = sql.raw(
  'id, username, first_name, last_name, email, role, is_superuser, is_active, password_hash, session_version',
)

type RawAccountRow = {
  id: number
  username: string
  first_name: string
  last_name: string
  email: string
  role: Role
  is_superuser: boolean
  is_active: boolean
  password_hash: string
  session_version: number
}

function toAccountRow(row: RawAccountRow): AccountRow {
  return {
    id: row.id,
    username: row.username,
    firstName: row.first_name,
    lastName: row.last_name,
    email: row.email,
    role: row.role,
    isSuperuser: row.is_superuser,
    isActive: row.is_active,
    passwordHash: row.password_hash,
    sessionVersion: row.session_version,
  }
}

const askSession = prepare<RawAccountRow & { revoked: boolean }, { user: number; session: string | null }>(
  (slot) => sql`
    select ${accountColumnsSql}, exists (select 1 from refresh_tokens where session = ${slot('session')} and revoked) as revoked
    from users where id = ${slot('user')}`,
)

/** The account behind a token, and whether that sign-in was revoked. */
export async function findAccountOfSession(
  db: Queryable,
  userId: number,
  session: string | null,
): Promise<(AccountRow & { revoked: boolean }) | undefined> {
  const [row] = await askSession(db, { user: userId, session })
  return row && { ...toAccountRow(row), revoked: row.revoked }
}

const askUsername = prepare<RawAccountRow, { username: string }>(
  (slot) => sql`select ${accountColumnsSql} from users where username = ${slot('username')}`,
)

export async function findAccountByUsername(db: Queryable, username: string): Promise<AccountRow | undefined> {
  const [row] = await askUsername(db, { username })
  return row && toAccountRow(row)
}

/** The password hash of somebody else: always the same one's for a name that nobody has. Undefined where there is nobody at all. */
export async function findHashInstead(db: Queryable, username: string): Promise<string | undefined> {
  const [row] = await db.execute<{ password_hash: string }>(sql`
    select password_hash from ${users}
    where id > abs(hashtext(${username})::bigint) % (select max(id) from ${users})
    order by id limit 1`)
  return row?.password_hash
}

/** Active and inactive ones, in the order of their ids. */
export async function listUsers(db: Queryable, ids: readonly number[]): Promise<(UserRow & { isActive: boolean })[]> {
  if (ids.length === 0) return []
  return db
    .select({ ...userColumns, isActive: users.isActive })
    .from(users)
    .where(inArray(users.id, [...ids]))
    .orderBy(users.id)
}

export type NewUser = Pick<
  AccountRow,
  'username' | 'email' | 'firstName' | 'lastName' | 'role' | 'isSuperuser' | 'isActive' | 'passwordHash'
>

/** Undefined when the username is taken. */
export async function insertUser(db: Queryable, user: NewUser): Promise<number | undefined> {
  const [row] = await db.insert(users).values(user).onConflictDoNothing({ target: users.username }).returning({ id: users.id })
  return row?.id
}

/** A renewed hash of the same password, unless another password was set meanwhile: sessions go on. */
export async function updatePasswordHash(db: Queryable, userId: number, former: string, renewed: string): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: renewed })
    .where(and(eq(users.id, userId), eq(users.passwordHash, former)))
}

/** Another password. The user's id, or undefined when there is no such user. */
export async function updatePassword(db: Queryable, username: string, passwordHash: string): Promise<number | undefined> {
  const [row] = await db.update(users).set({ passwordHash }).where(eq(users.username, username)).returning({ id: users.id })
  return row?.id
}

/** Makes relays ask which of the user's sockets may stay. */
export async function raiseSessionVersion(db: Queryable, userId: number): Promise<void> {
  await db
    .update(users)
    .set({ sessionVersion: sql`${users.sessionVersion} + 1` })
    .where(eq(users.id, userId))
}

/** The user's id, or undefined when there is no such user. */
export async function updateUserActive(db: Queryable, username: string, isActive: boolean): Promise<number | undefined> {
  const [row] = await db
    .update(users)
    .set({ isActive, sessionVersion: sql`${users.sessionVersion} + 1` })
    .where(eq(users.username, username))
    .returning({ id: users.id })
  return row?.id
}

export type AccountSummary = Omit<AccountRow, 'passwordHash' | 'sessionVersion'>

/** Everybody, in the order of their ids. */
export async function listAccounts(db: Queryable): Promise<AccountSummary[]> {
  const { passwordHash, sessionVersion, ...columns } = accountColumns
  return db.select(columns).from(users).orderBy(users.id)
}

/** Until the end of the transaction nobody else adds or changes users. */
export async function lockUsers(tx: Queryable): Promise<void> {
  await tx.execute(sql`lock table ${users} in share row exclusive mode`)
}

export async function countUsers(db: Queryable): Promise<number> {
  return db
    .select({ count: sql<number>`count(*)::int` })
    .from(users)
    .then(([row]) => row?.count ?? 0)
}
