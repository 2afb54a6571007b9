import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { isAsked } from './support/statements.ts'

let statements: string[] = []
let chat: TestChat
beforeAll(async () => {
  chat = await startChat({ onStatement: (sql) => statements.push(sql) })
})
afterAll(() => chat.close())

async function statementsOf(person: Person, path: string): Promise<{ rows: number; statements: number }> {
  statements = []
  const { status, body } = await person.get(path)
  const asked = statements.filter(isAsked)
  expect(status).toBe(200)
  return { rows: body.results.length, statements: asked.length }
}

test.each([
  ['rooms', '/api/chat/rooms/?page_size=100'],
  ['messages', '/api/chat/messages/?page_size=100'],
  ['participants', '/api/chat/participants/?page_size=100'],
])('a list of %s takes as many statements for 1 row as for 100, three at most with signing in', async (noun, path) => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice)
  await alice.say(room, 'hello')
  const one = await statementsOf(alice, path)
  expect(one.rows).toBe(1)

  for (let number = 1; number < 100; number++) {
    const each = noun === 'participants' ? await chat.group(alice) : await chat.group(alice, bob)
    if (noun === 'participants') continue
    // Of another sender, in another room, some of them read: whatever could make a list ask again.
    const said = await bob.say(each, `message ${number}`)
    if (number % 3 === 0) await alice.post(`/api/chat/messages/${said.id}/mark_read/`)
  }
  const hundred = await statementsOf(alice, path)
  expect(hundred.rows).toBe(100)
  expect(hundred.statements).toBe(one.statements)
  expect(hundred.statements).toBeLessThanOrEqual(3)
})

test('a filtered page in the middle takes as many statements as the first', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (let number = 0; number < 30; number++) await alice.say(room, `message ${number}`)
  const path = `/api/chat/messages/?room=${room}&page_size=10`
  const first = await statementsOf(alice, path)
  for (const query of ['&page=2', '&search=message', `&sender=${alice.id}&ordering=created_at`]) {
    expect(await statementsOf(alice, path + query)).toEqual(first)
  }
})
