import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../chaos/parts/random.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'

let chat: TestChat

beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

/** Counted one by one: what stands above the pointer and is by somebody else. */
async function countedSlowly(room: string, person: Person): Promise<number> {
  const [row] = await chat.db.execute<{ unread: number }>(sql`
    select count(*)::int as unread
    from chat_participants as participant join chat_messages as message on message.room_id = participant.room_id
    where participant.room_id = ${room} and participant.user_id = ${person.id} and message.deleted_at is null
      and message.seq > least(participant.last_read_seq, participant.unread_from_seq - 1)
      and message.sender_id is distinct from participant.user_id`)
  return row?.unread ?? Number.NaN
}

test('unread counts hold among edits, deletions, joins, renames and reading, in any order', async () => {
  const [admin, bob, carol, dave] = await chat.newPeople('admin', 'bob', 'carol', 'dave')
  const room = await chat.group(admin, bob, carol)
  const random = new Random(7)
  const sent: { id: string; by: Person }[] = []
  const deeds: ((person: Person) => Promise<unknown>)[] = [
    async (person) => sent.push({ id: (await person.say(room, 'hello')).id, by: person }),
    async () => {
      const message = random.pick(sent)
      await message.by.patch(`/api/chat/messages/${message.id}/`, { content: 'hello again' })
    },
    async () => {
      const message = random.pick(sent)
      await message.by.delete(`/api/chat/messages/${message.id}/`)
    },
    () => admin.patch(`/api/chat/rooms/${room}/`, { name: `Room ${random.next()}` }),
    (person) => person.post(`/api/chat/messages/${random.pick(sent).id}/mark_read/`),
  ]
  await bob.say(room, 'first').then(({ id }) => sent.push({ id, by: bob }))
  for (let turn = 0; turn < 60; turn++) {
    if (turn === 30) await admin.post('/api/chat/participants/', { room, user: dave.id })
    const deed = turn % 2 === 0 ? deeds[0] : random.pick(deeds)
    await deed?.(random.pick([admin, bob, carol]))
  }
  for (const person of [admin, bob, carol, dave]) {
    const unread = await countedSlowly(room, person)
    expect((await person.get(`/api/chat/rooms/${room}/`)).body.unread_count, person.username).toBe(unread)
    expect((await person.get('/api/chat/unread/')).body.total, person.username).toBe(unread)
  }
  expect(await countedSlowly(room, dave)).toBeGreaterThan(0)
})
