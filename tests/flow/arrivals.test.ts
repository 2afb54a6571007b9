import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../db/open.ts'
import { updateUserActive } from '../../db/queries/users.ts'
import { createLookups } from '../../server/lookups.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import { unknownId } from './support/bodies.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('of many who come at once each gets what is his: his room, its head, his unread, or his refusal', async () => {
  const [alice, bob, mallory, inactive, signedOut, removed] = await chat.newPeople('alice', 'bob', 'mallory', 'ina', 'sam', 'remy')
  const rooms = await Promise.all([0, 1, 2].map(() => chat.group(alice, bob, inactive, signedOut, removed)))
  for (const [index, room] of rooms.entries()) for (let said = 0; said <= index; said++) await alice.say(room, `${said}`)
  await updateUserActive(chat.db, inactive.username, false)
  await signedOut.post('/api/token/revoke/', { refresh: signedOut.refresh })
  for (const room of rooms) await removed.post(`/api/chat/rooms/${room}/leave/`)

  const wave = rooms.flatMap((room) => [
    { person: alice, room, refusal: undefined, unread: 0 },
    { person: bob, room, refusal: undefined, unread: rooms.indexOf(room) + 1 },
    { person: mallory, room, refusal: 403, unread: undefined },
    { person: inactive, room, refusal: 401, unread: undefined },
    { person: signedOut, room, refusal: 401, unread: undefined },
    { person: removed, room, refusal: 403, unread: undefined },
    { person: alice, room: unknownId, refusal: 404, unread: undefined },
    { person: bob, room: 'not-a-room', refusal: 404, unread: undefined },
  ])
  const came = wave.map((one) => ({ ...one, socket: one.person.open(one.room) }))
  for (const { socket, person, room, refusal, unread } of came) {
    expect({ who: person.username, refusal: await socket.refused }).toEqual({ who: person.username, refusal })
    if (refusal !== undefined) continue
    const { head } = (await person.get(`/api/chat/rooms/${room}/changes/?since=0`)).body
    expect(await socket.next('connection_established')).toMatchObject({
      room_id: room,
      user_id: person.id,
      username: person.username,
      unread_count: unread,
      seq: head,
    })
  }
})

test('all who come in one turn are looked up by one statement each of what is asked', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const [one, other] = await Promise.all([chat.group(alice, bob), chat.group(bob)])
  const said = await alice.say(one, 'hello')
  await bob.post(`/api/chat/messages/${said.id}/mark_read/`)
  const statements: string[] = []
  const database = openDatabase({ url: chat.databaseUrl, onStatement: (text) => statements.push(text) })
  const lookups = createLookups(database.db)
  try {
    const people = Array.from({ length: 60 }, (_, index) => [alice, bob, mallory][index % 3] as typeof alice)
    const arrivals = people.map(({ id: userId }, index) => ({ userId, session: `session ${index}`, roomId: index % 2 ? one : other }))
    const found = await Promise.all(arrivals.map(lookups.arrival))
    expect(found.map(({ account }) => account?.username)).toEqual(people.map(({ username }) => username))
    expect(found.map(({ isParticipant }) => isParticipant)).toEqual(
      people.map((person, index) => person === bob || (person === alice && index % 2 === 1)),
    )
    const places = await Promise.all(arrivals.map(lookups.openPlace))
    expect(places.map(({ room }) => room !== undefined)).toEqual(found.map(({ isParticipant }) => isParticipant))
    const readers = await Promise.all(arrivals.map(({ roomId }) => lookups.readPointers(roomId)))
    expect(readers.map((pointers) => pointers.map(({ userId }) => userId))).toEqual(
      arrivals.map(({ roomId }) => (roomId === one ? [bob.id] : [])),
    )
    expect(statements).toHaveLength(3)
  } finally {
    await database.close()
  }
})
