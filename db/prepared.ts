import { type Placeholder, type Query, type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { casing, type Queryable } from './open.ts'

type Session = Queryable['_']['session']
type Values = Record<string, unknown>
/** Stands in a statement's text where the value of that name goes. */
type Slot<Given extends Values> = (name: keyof Given & string) => Placeholder

/** Asks a prepared statement, of a database or inside of a transaction. */
export type Ask<Row, Given extends Values> = (db: Queryable, values: Given) => Promise<Row[]>

/** Any: Drizzle tells by it only that the statement is to be kept. The driver names each, on each connection. */
const kept = 'kept'

/**
 * A statement that is asked again and again. Its text is made once, and each connection has PostgreSQL parse it once: asked again it takes one
 * round trip instead of two, and after the fifth time no planning. So its plan has to suit every value: no column's frequent value may change
 * which index is right, and where a limit is a value, it stands above one that is a constant.
 */
export function prepare<Row extends Values, Given extends Values>(build: (slot: Slot<Given>) => SQL): Ask<Row, Given> {
  let query: Query | undefined
  const ofSession = (session: Session) => {
    query ??= new PgDialect({ casing }).sqlToQuery(build((name) => sql.placeholder(name)))
    const made = session.prepareQuery<{ execute: Row[]; all: unknown; values: unknown }>(query, undefined, kept, false)
    statements.set(session, made)
    return made
  }
  const statements = new WeakMap<Session, { execute(values: Given): Promise<Row[]> }>()
  return (db, values) => (statements.get(db._.session) ?? ofSession(db._.session)).execute(values)
}

/** As prepare, for the call of a function, with its parameters in their order. */
export function prepareCall<Row extends Values, Given extends Values>(
  name: string,
  parameters: readonly (keyof Given & string)[],
): Ask<Row, Given> {
  return prepare((slot) => sql`select * from ${sql.identifier(name)}(${sql.join(parameters.map(slot), sql`, `)})`)
}

/** As prepare, for a statement whose text has variants: few, as each is kept. */
export function prepareEach<Variant extends string, Row extends Values, Given extends Values>(
  build: (variant: Variant, slot: Slot<Given>) => SQL,
): (variant: Variant) => Ask<Row, Given> {
  const variants = new Map<Variant, Ask<Row, Given>>()
  return (variant) => {
    const known = variants.get(variant)
    if (known) return known
    const made = prepare<Row, Given>((slot) => build(variant, slot))
    variants.set(variant, made)
    return made
  }
}

/** Many ids as one parameter, whatever their number: a value for `any(…::uuid[])` or `any(…::integer[])`. */
export function arrayOf(ids: readonly (string | number | null)[]): string {
  return `{${ids.map((id) => id ?? 'null').join(',')}}`
}

/** Many texts as one parameter: a value for a `text[]`. */
export function textArrayOf(texts: readonly (string | null)[]): string {
  return `{${texts.map((text) => (text === null ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`
}
