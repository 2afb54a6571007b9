import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase, type Queryable } from '../../db/open.ts'
import { prepare, prepareEach } from '../../db/prepared.ts'
import { listHeads, listVersions } from '../../db/queries/heads.ts'
import { createTestDatabase } from '../support/postgres.ts'

let statements: string[] = []
let url: string
let database: OpenDatabase
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  ;({ url, drop } = created)
  database = openDatabase({ url, connections: 1, onStatement: (text) => statements.push(text) })
})

afterAll(async () => {
  await database.close()
  await drop()
})

async function keptOn(db: Queryable, text: string): Promise<number> {
  const [row] = await db.execute<{ kept: number }>(
    sql`select count(*)::int as kept from pg_prepared_statements where statement like ${`%${text}%`} and from_sql = false`,
  )
  return row?.kept ?? Number.NaN
}

test('a statement is kept once by its connection, also inside of transactions', async () => {
  const { db } = database
  const askSum = prepare<{ sum: number }, { one: number; other: number }>(
    (slot) => sql`select ${slot('one')}::int + ${slot('other')}::int + ${slot('one')}::int as sum`,
  )
  expect(await askSum(db, { one: 1, other: 2 })).toEqual([{ sum: 4 }])
  expect(await askSum(db, { one: 10, other: 5 })).toEqual([{ sum: 25 }])
  expect(await db.transaction((tx) => askSum(tx, { one: 3, other: 1 }))).toEqual([{ sum: 7 }])
  expect(await keptOn(db, 'as sum')).toBe(1)
})

test('each database keeps its own', async () => {
  const other = await createTestDatabase()
  const second = openDatabase({ url: other.url, connections: 1 })
  try {
    const askWhere = prepare<{ place: string }, Record<string, never>>(() => sql`select current_database() as place`)
    const places = [await askWhere(database.db, {}), await askWhere(second.db, {})]
    expect(places).toEqual([[{ place: new URL(url).pathname.slice(1) }], [{ place: new URL(other.url).pathname.slice(1) }]])
  } finally {
    await second.close()
    await other.drop()
  }
})

test('each variant is another statement', async () => {
  const { db } = database
  const ask = prepareEach<'asc' | 'desc', { n: number }, { most: number }>(
    (direction, slot) => sql`select n from generate_series(1, ${slot('most')}::int) as n order by n ${sql.raw(direction)}`,
  )
  for (let round = 0; round < 2; round++) {
    expect(await ask('asc')(db, { most: 2 })).toEqual([{ n: 1 }, { n: 2 }])
    expect(await ask('desc')(db, { most: 2 })).toEqual([{ n: 2 }, { n: 1 }])
  }
  expect(await keptOn(db, 'order by n asc')).toBe(1)
})

test('a kept statement outlives a change of its table and a lost connection', async () => {
  const { db } = database
  const askAll = prepare<{ id: number }, { least: number }>((slot) => sql`select * from kept_rows where id >= ${slot('least')}`)
  await db.execute(sql`create table kept_rows as select 1 as id`)
  expect(await askAll(db, { least: 1 })).toEqual([{ id: 1 }])
  await db.execute(sql`alter table kept_rows add column name text default 'later'`)
  expect(await askAll(db, { least: 1 })).toEqual([{ id: 1, name: 'later' }])

  const other = openDatabase({ url, connections: 1 })
  await other.db.execute(
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await other.close()
  await expect.poll(() => askAll(db, { least: 2 }).catch(() => 'lost')).toEqual([])
})

test('heads and versions of a thousand take one parameter, and are those of what stands', async () => {
  const { db } = database
  const rooms = Array.from({ length: 1_000 }, () => uuidv7())
  const [gone = '', unknown = ''] = [uuidv7(), uuidv7()]
  await db.execute(sql`
    insert into chat_rooms (id, room_type, last_seq, deleted_at)
    select value::uuid, 'group', n, case when value = ${gone} then now() end
    from json_array_elements_text(${JSON.stringify([...rooms, gone])}::json) with ordinality as asked (value, n)`)
  await db.execute(sql`
    insert into users (id, username, password_hash, session_version, membership_version, is_active)
    select n, 'person-' || n, 'none', n, n + 1, n <> 3 from generate_series(1, 1000) as n`)
  statements = []
  const heads = await listHeads(db, [...rooms, gone, unknown])
  const versions = await listVersions(db, [1, 2, 3, 5_000])
  expect(statements).toHaveLength(2)
  for (const text of statements) expect(text.match(/\$\d+/g)).toEqual(['$1'])
  expect(heads).toEqual(new Map(rooms.map((id, index) => [id, index + 1])))
  expect(versions).toEqual(
    new Map([
      [1, { sessionVersion: 1, membershipVersion: 2 }],
      [2, { sessionVersion: 2, membershipVersion: 3 }],
    ]),
  )
})
