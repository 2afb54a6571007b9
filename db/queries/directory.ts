import { and, eq, ilike, type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { properties, tasks, type users } from '../schema.ts'
import { likePattern } from './messages.ts'

export async function findTask(db: Queryable, id: number): Promise<{ id: number; title: string } | undefined> {
  const [row] = await db.select({ id: tasks.id, title: tasks.title }).from(tasks).where(eq(tasks.id, id))
  return row
}

export async function findProperty(db: Queryable, id: number): Promise<{ id: number; name: string } | undefined> {
  const [row] = await db.select({ id: properties.id, name: properties.name }).from(properties).where(eq(properties.id, id))
  return row
}

type Page = { limit: number; offset: number }

/** Tasks by title; each word has to be in it. */
export async function listTasks(db: Queryable, words: readonly string[], page: Page) {
  const condition = and(...words.map((word) => ilike(tasks.title, likePattern(word))))
  const columns = { id: tasks.id, title: tasks.title }
  const [count, found] = await Promise.all([
    countRows(db, tasks, condition),
    db.select(columns).from(tasks).where(condition).orderBy(tasks.title, tasks.id).limit(page.limit).offset(page.offset),
  ])
  return { count, found }
}

/** Properties by name; each word has to be in it. */
export async function listProperties(db: Queryable, words: readonly string[], page: Page) {
  const condition = and(...words.map((word) => ilike(properties.name, likePattern(word))))
  const columns = { id: properties.id, name: properties.name }
  const [count, found] = await Promise.all([
    countRows(db, properties, condition),
    db.select(columns).from(properties).where(condition).orderBy(properties.name, properties.id).limit(page.limit).offset(page.offset),
  ])
  return { count, found }
}

export async function countRows(db: Queryable, table: typeof tasks | typeof properties | typeof users, condition: SQL | undefined) {
  const [row] = await db.select({ count: sql<number>`count(*)::int` }).from(table).where(condition)
  return row?.count ?? 0
}

/** `id` only where the directory of another system is taken over. Undefined when the id is taken. */
export async function insertTask(db: Queryable, title: string, id?: number): Promise<number | undefined> {
  const [row] = await db.insert(tasks).values({ title, id }).onConflictDoNothing().returning({ id: tasks.id })
  if (row && id !== undefined) await passGivenId(db, 'tasks')
  return row?.id
}

/** As insertTask. */
export async function insertProperty(db: Queryable, name: string, id?: number): Promise<number | undefined> {
  const [row] = await db.insert(properties).values({ name, id }).onConflictDoNothing().returning({ id: properties.id })
  if (row && id !== undefined) await passGivenId(db, 'properties')
  return row?.id
}

/** Moves the table's sequence past an id that was given by hand: it would come to that id by itself one day. */
async function passGivenId(db: Queryable, table: 'tasks' | 'properties'): Promise<void> {
  const [name, sequence] = [sql.identifier(table), sql.identifier(`${table}_id_seq`)]
  await db.execute(sql`
    select setval(pg_get_serial_sequence(${table}, 'id'), greatest((select max(id) from ${name}), (select last_value from ${sequence})))`)
}
