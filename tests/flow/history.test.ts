import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

const seqsOf = (body: { results: { seq: number }[] }) => body.results.map((message) => message.seq)

async function roomWithMessages(count: number): Promise<{ alice: Person; bob: Person; room: string; ids: string[] }> {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const ids: string[] = []
  for (let number = 1; number <= count; number++) ids.push((await alice.say(room, `message ${number}`)).id)
  return { alice, bob, room, ids }
}

test('a room is paged by seq: newest, before, after, around, and says when there is no more', async () => {
  const { bob, room } = await roomWithMessages(10)
  const page = async (query: string) => (await bob.get(`/api/chat/messages/?room=${room}&${query}`)).body
  const newest = await page('limit=4')
  expect(seqsOf(newest)).toEqual([10, 9, 8, 7])
  expect(newest.previous).toBeNull()
  expect(seqsOf((await bob.get(newest.next)).body)).toEqual([6, 5, 4, 3])
  const oldest = await page('before=3&limit=4')
  expect(seqsOf(oldest)).toEqual([2, 1])
  expect(oldest.next).toBeNull()
  expect(seqsOf((await bob.get(oldest.previous)).body)).toEqual([6, 5, 4, 3])
  expect(seqsOf(await page('around=5&limit=4'))).toEqual([7, 6, 5, 4])
  expect(seqsOf(await page('after=10'))).toEqual([])
})

test('a stretch of history keeps the place of a deleted message, and not its text', async () => {
  const { alice, bob, room, ids } = await roomWithMessages(3)
  await alice.delete(`/api/chat/messages/${ids[1]}/`)
  const { body } = await bob.get(`/api/chat/messages/?room=${room}&limit=10`)
  expect(seqsOf(body)).toEqual([3, 2, 1])
  expect(body.results[1]).toMatchObject({ is_deleted: true, content: '[Message deleted]' })
})

test('who is not in the room pages through nothing', async () => {
  const { room } = await roomWithMessages(2)
  const [mallory] = await chat.newPeople('mallory')
  expect((await mallory.get(`/api/chat/messages/?room=${room}&limit=10`)).body).toMatchObject({ count: 0, results: [] })
  expect((await mallory.get(`/api/chat/rooms/${room}/changes/`)).status).toBe(404)
})

test('the changes of a room are its frames after since, and never show a text that is gone', async () => {
  const { alice, bob, room, ids } = await roomWithMessages(3)
  await alice.patch(`/api/chat/messages/${ids[0]}/`, { content: 'better' })
  await alice.delete(`/api/chat/messages/${ids[1]}/`)
  await alice.patch(`/api/chat/rooms/${room}/`, { name: 'New name' })
  const all = (await bob.get(`/api/chat/rooms/${room}/changes/?since=0`)).body
  expect(all).toMatchObject({ head: 6, complete: true })
  expect(all.events.map((frame: { seq: number; type: string }) => [frame.seq, frame.type])).toEqual([
    [1, 'chat_message'],
    [2, 'chat_message'],
    [3, 'chat_message'],
    [4, 'message_updated'],
    [5, 'message_deleted'],
    [6, 'room_updated'],
  ])
  expect(all.events[0].message.content).toBe('better')
  expect(all.events[1].message).toMatchObject({ content: '[Message deleted]', is_deleted: true })
  const part = (await bob.get(`/api/chat/rooms/${room}/changes/?since=1&limit=2`)).body
  expect(part).toMatchObject({ head: 6, complete: false })
  expect(part.events).toHaveLength(2)
  expect((await bob.get(`/api/chat/rooms/${room}/changes/?since=99`)).body).toMatchObject({ head: 6, events: [], complete: true })
  expect((await bob.get(`/api/chat/rooms/${room}/changes/?since=-1`)).status).toBe(400)
})

test('unread counts come in all and by room, and reading clears them', async () => {
  const { alice, bob, room } = await roomWithMessages(3)
  const other = await chat.group(alice, bob)
  await alice.say(other, 'more')
  expect((await bob.get('/api/chat/unread/')).body).toMatchObject({
    total: 4,
    rooms: [
      { room_id: other, unread_count: 1, is_muted: false },
      { room_id: room, unread_count: 3, is_muted: false },
    ],
  })
  await bob.post(`/api/chat/rooms/${room}/mark_read/`)
  expect((await bob.get('/api/chat/unread/')).body).toMatchObject({ total: 1, rooms: [{ room_id: other }] })
  expect((await alice.get('/api/chat/unread/')).body.total).toBe(0)
})

test('receipts tell who has read a message and who has not, its sender left out', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const room = await chat.group(alice, bob, carol)
  const { id } = await alice.say(room, 'hello')
  await bob.post(`/api/chat/messages/${id}/mark_read/`)
  const { body } = await alice.get(`/api/chat/messages/${id}/receipts/`)
  expect(body.read.map((one: { user: { id: number } }) => one.user.id)).toEqual([bob.id])
  expect(body.unread.map((user: { id: number }) => user.id)).toEqual([carol.id])
})
