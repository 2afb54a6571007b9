import type { Database, Queryable } from '../db/open.ts'
import { insertProperty, insertTask } from '../db/queries/directory.ts'
import { insertPastRoom, type PastRoom } from '../db/queries/past.ts'
import { countUsers, insertUser, lockUsers, type NewUser } from '../db/queries/users.ts'
import { newId } from './ids.ts'
import { hashPassword } from './passwords.ts'

/** Of everybody in the demo organisation. */
export const demoPassword = 'aristay-demo'

type Person = Pick<NewUser, 'username' | 'firstName' | 'lastName' | 'role'> & { isActive?: boolean }

const alice: Person = { username: 'alice', firstName: 'Alice', lastName: 'Nguyen', role: 'manager' }
const bob: Person = { username: 'bob', firstName: 'Bob', lastName: 'Smith', role: 'staff' }
const carol: Person = { username: 'carol', firstName: 'Carol', lastName: 'Okafor', role: 'staff' }
const dave: Person = { username: 'dave', firstName: 'Dave', lastName: 'Larsen', role: 'viewer' }
const ivan: Person = { username: 'ivan', firstName: 'Ivan', lastName: 'Petrov', role: 'staff', isActive: false }

/** Who said what, how many minutes before now. */
type Line = [Person, number, string]

const betweenTwo: Line[] = [
  [alice, 1_570, 'Morning Bob, did the linen for Ocean View arrive?'],
  [bob, 1_562, 'Yes, two bags. I left them in the hall cupboard.'],
  [alice, 1_561, 'Perfect. The next guests come on Friday at four.'],
  [bob, 95, 'The boiler is fixed, hot water is back.'],
  [alice, 92, 'Thank you! I will tell the owner.'],
  [bob, 21, 'One key card no longer opens the garage. Shall I order another?'],
]

const amongThree: Line[] = [
  [alice, 2_900, 'This is where we plan the turnover of Ocean View.'],
  [carol, 2_884, 'I can do the deep clean on Thursday morning.'],
  [bob, 2_879, 'Then I come after lunch for the windows and the balcony.'],
  [alice, 2_876, 'Great, thank you both.'],
  [carol, 240, 'Kitchen and bathrooms are done. We are out of dishwasher tablets.'],
  [bob, 236, 'I will bring some.'],
  [carol, 34, 'All rooms done, the photos follow.'],
]

/** Fills a database that has no users yet with a small organisation. False, and nothing is written, where there are users. */
export async function loadDemo(db: Database): Promise<boolean> {
  if ((await countUsers(db)) > 0) return false
  const passwordHash = await hashPassword(demoPassword)
  return db.transaction(async (tx) => {
    await lockUsers(tx)
    if ((await countUsers(tx)) > 0) return false
    await insertOrganisation(tx, passwordHash, Date.now())
    return true
  })
}

async function insertOrganisation(tx: Queryable, passwordHash: string, now: number): Promise<void> {
  const ids = new Map<Person, number>()
  for (const person of [alice, bob, carol, dave, ivan]) ids.set(person, await insertPerson(tx, person, passwordHash))
  await insertTask(tx, 'Deep clean', 42)
  await insertProperty(tx, 'Ocean View', 7)
  await insertPastRoom(tx, pastRoom(ids, now, { name: '', members: [alice, bob], lines: betweenTwo, unreadBy: alice }))
  const group = { name: 'Ocean View turnover', members: [alice, bob, carol], lines: amongThree, unreadBy: bob }
  await insertPastRoom(tx, pastRoom(ids, now, group))
}

async function insertPerson(tx: Queryable, { isActive = true, ...person }: Person, passwordHash: string): Promise<number> {
  const email = `${person.username}@aristay.example`
  const id = await insertUser(tx, { ...person, isActive, email, isSuperuser: false, passwordHash })
  if (id === undefined) throw new Error(`the user ${person.username} exists in a database without users`)
  return id
}

type Plot = { name: string; members: Person[]; lines: Line[]; unreadBy: Person }

/** The first member makes the room, a minute before its first line; all but `unreadBy` have read the last one. */
function pastRoom(ids: Map<Person, number>, now: number, { name, members, lines, unreadBy }: Plot): PastRoom {
  const idOf = (person: Person) => ids.get(person) ?? 0
  const at = (minutesAgo: number) => now - minutesAgo * 60_000
  const createdAt = at((lines[0]?.[1] ?? 0) + 1)
  const userIds = members.map(idOf)
  const readBy = (person: Person) => {
    const count = person === unreadBy ? lines.length - 1 : lines.length
    const [, minutesAgo] = lines[count - 1] ?? [person, 0]
    return { count, at: new Date(at(minutesAgo) + 40_000).toISOString() }
  }
  return {
    room: {
      id: newId(createdAt),
      name,
      roomType: name ? 'group' : 'direct',
      directKey: name ? null : userIds.toSorted((one, other) => one - other).join(':'),
      createdById: userIds[0],
      createdAt: new Date(createdAt).toISOString(),
    },
    participants: members.map((person, index) => ({ userId: idOf(person), isAdmin: index === 0, read: readBy(person) })),
    messages: lines.map(([sender, minutesAgo, content]) => ({
      id: newId(at(minutesAgo)),
      senderId: idOf(sender),
      content,
      createdAt: new Date(at(minutesAgo)).toISOString(),
      replyToId: null,
    })),
  }
}
