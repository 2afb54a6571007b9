import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('what was sent a moment ago is found, only by who is in the room, with what matched', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  const word = `boiler${Date.now()}`
  const { id } = await alice.say(room, `The ${word} is fixed`)
  const found = await bob.get(`/api/chat/messages/search/?q=${word}`)
  expect(found).toMatchObject({ status: 200, body: { count: 1, results: [{ id, room, highlights: [[4, 4 + word.length]] }] } })
  expect((await bob.get(`/api/chat/messages/search/?q=${word}&room=${room}`)).body.count).toBe(1)
  expect((await mallory.get(`/api/chat/messages/search/?q=${word}`)).body.count).toBe(0)
  await alice.delete(`/api/chat/messages/${id}/`)
  expect((await bob.get(`/api/chat/messages/search/?q=${word}`)).body.count).toBe(0)
})

test('a search for less than three characters is refused', async () => {
  const [alice] = await chat.newPeople('alice')
  for (const query of ['', '?q=', '?q=ab', '?q=%20%20a%20%20']) {
    expect(await alice.get(`/api/chat/messages/search/${query}`)).toMatchObject({
      status: 400,
      body: { error: 'Search query must be at least 3 characters' },
    })
  }
})
