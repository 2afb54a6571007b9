import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema.ts'

export type Database = PostgresJsDatabase<typeof schema>
/** A database, or a transaction in it. */
export type Queryable = Pick<Database, '_' | 'select' | 'insert' | 'update' | 'delete' | 'execute' | 'query'>

export type OpenDatabase = {
  db: Database
  /** A connection each, for messages alone: their plans and caches stay warm, and no list is in their way. */
  writers: Database[]
  /** Whether the database answers within `ms`. */
  isUp(ms: number): Promise<boolean>
  close(): Promise<void>
}

type Options = {
  url: string
  /** Connections at most, beside the writers'. More make a hot room slower. */
  connections?: number
  /** Told of every statement; for tests that count them. */
  onStatement?: (sql: string) => void
}

/** How names of columns are spelled in the database. */
export const casing = 'snake_case'

/** Many messages go by one of them; two have few go side by side. */
const writers = 2

/** Seconds until a connection that was lost is tried again. */
const longestPause = 0.5

/** Opens a pool, and the writers' connections. Times come back as RFC 3339 text in UTC with microseconds, and bigint as number. */
export function openDatabase({ url, connections = 12, onStatement }: Options): OpenDatabase {
  const pool = connect(url, connections)
  const ofWriters = Array.from({ length: writers }, () => connect(url, 1))
  const logger = onStatement ? { logQuery: onStatement } : false
  return {
    db: drizzle(pool, { schema, casing, logger }),
    writers: ofWriters.map((client) => drizzle(client, { schema, casing, logger })),
    isUp: (ms) => answers(pool, ms),
    close: async () => {
      await Promise.all([pool, ...ofWriters].map((client) => client.end({ timeout: 5 })))
    },
  }
}

/** Connections are made when they are first needed. */
function connect(url: string, connections: number): postgres.Sql {
  return postgres(url, {
    max: connections,
    connect_timeout: 5,
    idle_timeout: 0,
    max_lifetime: null,
    // Its own would grow with every lost connection of the pool, to 20 seconds after a database has just been restarted.
    backoff: () => longestPause * Math.random(),
    onnotice: () => {},
    connection: {
      application_name: 'aristay-chat',
      TimeZone: 'UTC',
      statement_timeout: 30_000,
      lock_timeout: 10_000,
      // Statements here are short; compiling one for the estimate of an empty table took a second and a half a send.
      jit: 'off',
    },
  })
}

async function answers(client: postgres.Sql, ms: number): Promise<boolean> {
  const timeout = new Promise<false>((resolve) => setTimeout(resolve, ms, false).unref())
  const answer = client`select 1`.then(
    () => true,
    () => false,
  )
  return Promise.race([answer, timeout])
}
