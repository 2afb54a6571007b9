import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { vi } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { insertProperty, insertTask } from '../../db/queries/directory.ts'
import { insertUser } from '../../db/queries/users.ts'
import type { RelayOptions } from '../../relay/options.ts'
import type { Role } from '../../schemas/users.ts'
import { startAllInOne } from '../../server/all-in-one.ts'
import { readAllInOneConfig } from '../../server/config.ts'
import { hashPassword } from '../../server/passwords.ts'
import { Person } from './person.ts'
import { createTestDatabase } from './postgres.ts'

export const testPassword = 'correct horse battery'

export type TestChat = Awaited<ReturnType<typeof startChat>>

type Options = {
  env?: Record<string, string>
  relay?: Partial<RelayOptions>
  onStatement?: (sql: string) => void
  /** Gets the lines of the log; LOG_LEVEL is `fatal` where `env` says nothing else. */
  logTo?: { write(line: string): void }
}
type Account = { firstName?: string; lastName?: string; role?: Role; isActive?: boolean }

/** The whole service as `npm start` runs it, on a database of its own, with every answer checked by its schema. */
export async function startChat({ env = {}, relay, onStatement, logTo }: Options = {}) {
  const { url: databaseUrl, drop } = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'aristay-test-chat-'))
  const config = readAllInOneConfig({ PORT: '0', DATA_DIR: dataDir, DATABASE_URL: databaseUrl, LOG_LEVEL: 'fatal', ...env })
  if (logTo) vi.spyOn(pino, 'destination').mockReturnValueOnce(logTo as never)
  const running = await startAllInOne(config, {
    checkAnswers: true,
    demo: false,
    ...(relay && { relay }),
    ...(onStatement && { onStatement }),
  })
  const database = openDatabase({ url: databaseUrl, connections: 2 })
  const passwordHash = await hashPassword(testPassword)
  const people = new Map<string, Promise<Person>>()

  /** A signed-in person of that name, made when first asked for. */
  function person(username: string, account: Account = {}): Promise<Person> {
    const known = people.get(username)
    if (known) return known
    const made = makePerson(database, running.url, username, passwordHash, account)
    people.set(username, made)
    return made
  }

  return {
    url: running.url,
    db: database.db,
    databaseUrl,
    dataDir,
    person,
    /** New people, whose names begin so. */
    newPeople: <Names extends string[]>(...names: Names) =>
      Promise.all(names.map((name) => person(`${name}-${randomUUID().slice(0, 8)}`, { firstName: name, lastName: 'Test' }))) as Promise<{
        [Index in keyof Names]: Person
      }>,
    /** A new group room. The first is its admin. */
    async group(admin: Person, ...members: Person[]): Promise<string> {
      const ids = members.map((member) => member.id)
      const room = await admin.post('/api/chat/rooms/', { room_type: 'group', name: `Group ${randomUUID()}`, participant_ids: ids })
      if (room.status !== 201) throw new Error(`no room: ${JSON.stringify(room.body)}`)
      return room.body.id as string
    },
    task: (title: string) => insertTask(database.db, title) as Promise<number>,
    property: (name: string) => insertProperty(database.db, name) as Promise<number>,
    async close() {
      await Promise.all([...people.values()].map(async (one) => (await one).disconnectAll()))
      await running.close()
      await database.close()
      await drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function makePerson(database: OpenDatabase, url: string, username: string, passwordHash: string, account: Account): Promise<Person> {
  const { firstName = '', lastName = '', role = 'staff', isActive = true } = account
  const email = `${username}@example.com`
  const user = { username, firstName, lastName, role, isActive, email, isSuperuser: false, passwordHash }
  const id = await insertUser(database.db, user)
  if (id === undefined) throw new Error(`the name ${username} is taken`)
  const made = new Person(url, id, username)
  if (isActive) await made.signIn(testPassword)
  return made
}
