import { and, asc, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { users } from '../schema.ts'
import { countRows } from './directory.ts'
import { likePattern } from './messages.ts'
import { type UserRow, userColumns } from './users.ts'

/** Active users but one, by name; each word has to be somewhere in what is known of them. */
export async function listPeople(
  db: Queryable,
  except: number,
  words: readonly string[],
  page: { limit: number; offset: number },
): Promise<{ count: number; found: UserRow[] }> {
  const known = sql`concat_ws(' ', ${users.firstName}, ${users.lastName}, ${users.username}, ${users.email})`
  const condition = and(
    eq(users.isActive, true),
    ne(users.id, except),
    ...words.map((word): SQL => sql`${known} ilike ${likePattern(word)}`),
  )
  const [count, found] = await Promise.all([
    countRows(db, users, condition),
    db
      .select(userColumns)
      .from(users)
      .where(condition)
      .orderBy(asc(sql`lower(${users.firstName} || ${users.lastName})`), asc(users.username))
      .limit(page.limit)
      .offset(page.offset),
  ])
  return { count, found }
}
