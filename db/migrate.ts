import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))
/** Any number, the same for all: who migrates holds it. */
const migrationLock = 7_247_061

/** Brings the database at `url` to the newest schema. Safe when several processes start at once. */
export async function migrate(url: string): Promise<void> {
  const client = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    await client`select pg_advisory_lock(${migrationLock})`
    await applyMigrations(drizzle(client), { migrationsFolder })
  } finally {
    await client.end({ timeout: 5 })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = process.env.DATABASE_URL
  if (!url) {
    process.stderr.write('Set DATABASE_URL to the database that is to be migrated.\n')
    process.exit(1)
  }
  try {
    await migrate(url)
    process.stdout.write('The database has the newest schema.\n')
  } catch (error) {
    const { message, cause } = error as Error
    process.stderr.write(`The database could not be migrated: ${cause instanceof Error ? cause.message : message}\n`)
    process.exit(1)
  }
}
