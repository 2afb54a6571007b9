import { connect, createServer } from 'node:net'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../db/embedded/free-port.ts'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'

// What deploy/patch-postgres.mjs is for.

let url: string
let drop: () => Promise<void>
let admin: postgres.Sql
beforeAll(async () => {
  const made = await createTestDatabase()
  url = made.url
  drop = made.drop
  admin = postgres(url, { max: 1, onnotice: () => undefined })
  await admin`create table things (name text)`
})
afterAll(async () => {
  await admin.end()
  await drop()
})

async function withDatabase(connections: number, work: (database: OpenDatabase) => Promise<void>) {
  const database = openDatabase({ url, connections })
  await work(database).finally(() => database.close())
}

const endAll = () =>
  admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'aristay-chat' and datname = current_database()`
const backends = async () => {
  const [row] = await admin<{ count: number }[]>`
    select count(*)::int from pg_stat_activity where application_name = 'aristay-chat' and datname = current_database()`
  return row?.count
}

test('connections lost in transactions fail these, and nothing after them: every answer goes to who has asked', async () => {
  await withDatabase(4, async ({ db }) => {
    for (let round = 0; round < 8; round++) {
      const transactions = Array.from({ length: 8 }, () =>
        db.transaction(async (tx) => {
          for (;;) await tx.execute(sql`select count(*) from generate_series(1, 20000)`)
        }),
      )
      const ends = Promise.allSettled(transactions)
      await until(async () => (await backends()) === 4)
      // Those that waited for a connection get one, and lose it.
      while ((await Promise.race([ends, endAll().then(() => undefined)])) === undefined);
      const answers = await Promise.allSettled(
        Array.from({ length: 40 }, async (_, number) => {
          const [row] = await db.execute<{ number: number }>(sql`select ${number}::int as number`)
          return row?.number === number
        }),
      )
      const wrong = answers.filter((answer) => answer.status === 'fulfilled' && !answer.value)
      expect(wrong).toEqual([])
    }
  })
}, 60_000)

test('what a transaction says after its connection is gone is not said on the next one', async () => {
  await withDatabase(1, async ({ db }) => {
    let late: Promise<PromiseSettledResult<unknown>[]> | undefined
    const transaction = db.transaction(async (tx) => {
      await tx.execute(sql`insert into things values ('before')`)
      await endAll()
      const isBack = () =>
        db.execute(sql`select 1`).then(
          () => true,
          () => false,
        )
      await until(isBack)
      late = Promise.allSettled([tx.execute(sql`insert into things values ('after')`)])
      await late
    })
    await expect(transaction).rejects.toThrow()
    await until(() => late !== undefined)
    expect(await late).toMatchObject([{ status: 'rejected' }])
    expect(await db.execute(sql`select name from things`)).toHaveLength(0)
  })
})

test('a database that was away is used again a second after it is back', async () => {
  const port = await freePort()
  const away = new URL(url)
  const { hostname, port: realPort } = new URL(url)
  away.port = String(port)
  const database = openDatabase({ url: away.href })
  const isThere = () =>
    database.db.execute(sql`select 1`).then(
      () => true,
      () => false,
    )
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 12 }, isThere))
    expect(answers).not.toContain(true)
  }
  const door = createServer((socket) => {
    const behind = connect(Number(realPort), hostname)
    socket.pipe(behind).pipe(socket)
    for (const side of [socket, behind]) side.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => door.listen(port, '127.0.0.1', resolve))
  await until(isThere, 1_000)
  await database.close()
  door.close()
})
