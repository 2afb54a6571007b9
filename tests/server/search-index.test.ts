import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { listLivelyRooms } from '../../db/queries/search-index.ts'
import { rebuildSearchIndex, restAfter } from '../../server/search-index.ts'
import { until } from '../support/until.ts'
import { openSearched, type Searched } from './support/searched.ts'

let chat: Searched
beforeAll(async () => {
  chat = await openSearched()
})
afterEach(() => expect(chat.warnings).toEqual([]))
afterAll(() => chat.close())

/** What the index has of a room, and how far it has come. */
async function indexOf(roomId: string) {
  const entries = await chat.db.execute<{ folded: string }>(sql`select folded from chat_search where room_id = ${roomId} order by seq`)
  const [progress] = await chat.db.execute<{ upto: number }>(
    sql`select upto_seq::int as upto from chat_search_progress where room_id = ${roomId}`,
  )
  return { entries: entries.map(({ folded }) => folded), upto: progress?.upto ?? 0 }
}

async function roomOfOne() {
  const reader = await chat.newUser()
  return { reader, room: await chat.newRoom(reader) }
}

test('an index that runs takes in what is sent, edited and deleted', async () => {
  const { reader, room } = await roomOfOne()
  const index = chat.newIndex(5)
  index.start()
  const [first = '', second = ''] = await chat.say(room, reader, 'Café', 'Two')
  await until(async () => (await indexOf(room)).upto === 2)
  expect((await indexOf(room)).entries).toEqual(['cafe', 'two'])
  await chat.edit(room, reader, first, 'Olé')
  await chat.remove(room, reader, second)
  await until(async () => (await indexOf(room)).upto === 4)
  expect((await indexOf(room)).entries).toEqual(['ole'])
  await index.close()
  await index.close()
})

test('a rest is four times as long as its step, and much longer while more comes than can be followed', () => {
  expect(restAfter(10, 0)).toBe(40)
  expect(restAfter(10, 1_000)).toBe(40)
  expect(restAfter(10, 2_000)).toBe(990)
})

test('an index goes on in a burst, and when it is over', async () => {
  const { reader, room } = await roomOfOne()
  let isBurst = true
  let sent = 0
  const index = chat.newIndex(5, () => (isBurst ? performance.now() * 100 : sent++))
  index.start()
  await chat.say(room, reader, 'one')
  await until(async () => (await indexOf(room)).upto === 1)
  await chat.say(room, reader, 'two')
  await until(async () => (await indexOf(room)).upto === 2)
  isBurst = false
  await chat.say(room, reader, 'three')
  await until(async () => (await indexOf(room)).upto === 3)
  await index.close()
})

test('a room where only an old message is edited is noticed too, and one that is indexed is not', async () => {
  const { reader, room } = await roomOfOne()
  const [id = ''] = await chat.say(room, reader, 'old')
  expect(await listLivelyRooms(chat.db, 10)).toContain(room)
  await chat.index.catchUp()
  expect(await listLivelyRooms(chat.db, 10)).not.toContain(room)
  const aged = uuidv7({ msecs: Date.now() - 3_600_000 })
  await chat.db.execute(sql`update chat_messages set id = ${aged} where id = ${id}`)
  await chat.edit(room, reader, aged, 'new')
  expect(await listLivelyRooms(chat.db, 10)).toContain(room)
})

test('catching up tells how many changes there were, once', async () => {
  await chat.index.catchUp()
  const { reader, room } = await roomOfOne()
  const texts = Array.from({ length: 2500 }, (_, number) => `message ${number}`)
  const [first = ''] = await chat.say(room, reader, ...texts)
  await chat.edit(room, reader, first, 'edited')
  expect(await chat.index.catchUp()).toBe(2501)
  expect(await chat.index.catchUp()).toBe(0)
  expect(await indexOf(room)).toEqual({ entries: ['edited', ...texts.slice(1)], upto: 2501 })
})

test('several indexes share the work and write every message once', async () => {
  await chat.index.catchUp()
  const rooms = await Promise.all(Array.from({ length: 30 }, roomOfOne))
  for (const { room, reader } of rooms) await chat.say(room, reader, 'one', 'two')
  const counts = await Promise.all([chat.newIndex(), chat.newIndex(), chat.newIndex()].map((index) => index.catchUp()))
  await chat.index.catchUp()
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(60)
  for (const { room } of rooms) expect(await indexOf(room)).toEqual({ entries: ['one', 'two'], upto: 2 })
})

test('whatever is edited and deleted while indexes run, in the end the index has what stands', async () => {
  const { reader, room } = await roomOfOne()
  const running = [chat.newIndex(1), chat.newIndex(1)]
  for (const index of running) index.start()
  const ids: string[] = []
  for (let round = 0; round < 40; round++) {
    ids.push(...(await chat.say(room, reader, `new ${round}`, `soon edited ${round}`, `soon deleted ${round}`)))
    await Promise.all([
      chat.edit(room, reader, ids[round] ?? '', `edited ${round}`),
      chat.edit(room, reader, ids.at(-2) ?? '', `edited at once ${round}`),
      chat.remove(room, reader, ids.at(-1) ?? ''),
    ])
  }
  await Promise.all(running.map((index) => index.close()))
  await chat.index.catchUp()
  const standing = await chat.db.execute<{ folded: string }>(
    sql`select chat_fold(content) as folded from chat_messages where room_id = ${room} and deleted_at is null order by seq`,
  )
  expect((await indexOf(room)).entries).toEqual(standing.map(({ folded }) => folded))
})

test('the index waits for nobody who holds a room, and nobody waits for it', async () => {
  const { reader, room } = await roomOfOne()
  await chat.say(room, reader, 'one')
  await chat.db.transaction(async (tx) => {
    await tx.execute(sql`select from chat_rooms where id = ${room} for no key update`)
    await chat.index.catchUp()
  })
  expect((await indexOf(room)).upto).toBe(1)
  await chat.say(room, reader, 'two')
  await chat.db.transaction(async (tx) => {
    await tx.execute(sql`select from chat_search_progress where room_id = ${room} for update`)
    await chat.say(room, reader, 'three')
    await chat.index.catchUp()
    expect((await indexOf(room)).upto).toBe(1)
  })
  await chat.index.catchUp()
  expect(await indexOf(room)).toEqual({ entries: ['one', 'two', 'three'], upto: 3 })
})

test('a rebuilt index is what it was, and search goes on while it is behind', async () => {
  const { reader, room } = await roomOfOne()
  const ids = await chat.say(room, reader, 'first parcel', 'second parcel', 'third parcel')
  await chat.remove(room, reader, ids[1] ?? '')
  await chat.index.catchUp()
  const before = await indexOf(room)
  await chat.db.execute(sql`update chat_search set folded = 'damaged', document = '' where room_id = ${room}`)
  await chat.db.execute(sql`update chat_search_progress set upto_seq = 0`)
  expect(await chat.find(reader, 'parcel')).toEqual(['third parcel', 'first parcel'])
  expect(await rebuildSearchIndex(chat.db)).toBeGreaterThanOrEqual(4)
  expect(await indexOf(room)).toEqual(before)
})
