import { randomUUID } from 'node:crypto'
import type { OpenDatabase } from '../../db/open.ts'
import { insertUser } from '../../db/queries/users.ts'
import type { Role } from '../../schemas/users.ts'
import { hashPassword } from '../../server/passwords.ts'
import { Person } from './person.ts'

export const testPassword = 'correct horse battery'

type Account = { firstName?: string; lastName?: string; role?: Role; isActive?: boolean }

/** The people of a test, wherever the service runs. */
export async function createCast(database: OpenDatabase, url: string) {
  const passwordHash = await hashPassword(testPassword)
  const people = new Map<string, Promise<Person>>()

  /** A signed-in person of that name, made when first asked for. */
  function person(username: string, account: Account = {}): Promise<Person> {
    const known = people.get(username)
    if (known) return known
    const made = makePerson(database, url, username, passwordHash, account)
    people.set(username, made)
    return made
  }

  return {
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
    async disconnect(): Promise<void> {
      await Promise.all([...people.values()].map(async (one) => (await one).disconnectAll()))
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
