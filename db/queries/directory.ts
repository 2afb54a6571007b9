import { eq } from 'drizzle-orm'
import type { Queryable } from '../open.ts'
import { properties, tasks } from '../schema.ts'

export async function findTask(db: Queryable, id: number): Promise<{ id: number; title: string } | undefined> {
  const [row] = await db.select({ id: tasks.id, title: tasks.title }).from(tasks).where(eq(tasks.id, id))
  return row
}

export async function findProperty(db: Queryable, id: number): Promise<{ id: number; name: string } | undefined> {
  const [row] = await db.select({ id: properties.id, name: properties.name }).from(properties).where(eq(properties.id, id))
  return row
}

/** `id` only where the directory of another system is taken over. Undefined when the id is taken. */
export async function insertTask(db: Queryable, title: string, id?: number): Promise<number | undefined> {
  const [row] = await db.insert(tasks).values({ title, id }).onConflictDoNothing().returning({ id: tasks.id })
  return row?.id
}

/** As insertTask. */
export async function insertProperty(db: Queryable, name: string, id?: number): Promise<number | undefined> {
  const [row] = await db.insert(properties).values({ name, id }).onConflictDoNothing().returning({ id: properties.id })
  return row?.id
}
