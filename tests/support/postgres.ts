import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'

/** Every database that tests make has a name that begins so; nothing else on the server is touched. */
export const TEST_PREFIX = 'aristay_test_'

/** Where the tests' PostgreSQL is (a URL of a database to issue CREATE DATABASE from) and the migrated database to copy. */
export type TestServer = { url: string; template: string }

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestServer
  }
}

/** A database that was just migrated and belongs to the caller alone. `drop` also ends connections that are still open to it. */
export async function createTestDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = inject('postgres')
  const name = await createDatabase(server.url, server.template)
  return { url: databaseUrl(server.url, name), drop: () => dropDatabase(server.url, name) }
}

/** Creates a database of a new name, by default an empty one. */
export async function createDatabase(serverUrl: string, template = 'template0'): Promise<string> {
  const name = `${TEST_PREFIX}${randomUUID().replaceAll('-', '')}`
  await administer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}${template === 'template0' ? ` ENCODING 'UTF8'` : ''}`)
  return name
}

/** Drops a database, whoever is connected to it. */
export function dropDatabase(serverUrl: string, name: string): Promise<void> {
  return administer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** The same server, another database. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function administer(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  await sql.unsafe(statement).finally(() => sql.end())
}
