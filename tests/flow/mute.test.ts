import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

const participants = '/api/chat/participants/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = (await alice.get(`${participants}?room=${room}`)).body.results
  return { alice, bob, room, hers: hers.id as number, his: his.id as number }
}

test('members mute themselves for good, and unmute', async () => {
  const { bob, room, his } = await roomOfTwo()
  expect(await bob.post(`${participants}${his}/mute/`)).toMatchObject({ status: 200, body: { id: his, is_muted: true, muted_until: null } })
  expect((await bob.get('/api/chat/rooms/')).body.results).toMatchObject([{ id: room, is_muted: true }])
  const unmuted = await bob.post(`${participants}${his}/mute/`, { muted: false })
  expect(unmuted).toMatchObject({ status: 200, body: { is_muted: false, muted_until: null } })
})

test('a mute may have an end', async () => {
  const { bob, his } = await roomOfTwo()
  const end = new Date(Date.now() + 3_600_000).toISOString()
  const muted = await bob.post(`${participants}${his}/mute/`, { muted: 'true', muted_until: end })
  expect(muted).toMatchObject({ status: 200, body: { is_muted: true } })
  expect(Date.parse(muted.body.muted_until)).toBe(Date.parse(end))
  const inZone = await bob.post(`${participants}${his}/mute/`, { muted_until: '2999-01-01T12:00:00+02:00' })
  expect(inZone.body).toMatchObject({ is_muted: true, muted_until: '2999-01-01T10:00:00Z' })
  const over = await bob.post(`${participants}${his}/mute/`, { muted_until: '2001-01-01T00:00:00Z' })
  expect(over).toMatchObject({ status: 200, body: { is_muted: false } })
})

test('nobody mutes another, not even an admin', async () => {
  const { alice, bob, hers, his } = await roomOfTwo()
  const refused = { status: 403, body: { error: 'You can only mute/unmute your own participation' } }
  expect(await alice.post(`${participants}${his}/mute/`)).toMatchObject(refused)
  expect(await bob.post(`${participants}${hers}/mute/`, { muted: false })).toMatchObject(refused)
  expect((await bob.get(`${participants}${his}/`)).body.is_muted).toBe(false)
})

test('what is no boolean and no time mutes nobody', async () => {
  const { bob, his } = await roomOfTwo()
  const wrong = await bob.post(`${participants}${his}/mute/`, { muted: 'perhaps', muted_until: 'tomorrow' })
  expect(wrong).toMatchObject({
    status: 400,
    body: { muted: ['Must be a valid boolean.'], muted_until: [expect.stringContaining('Datetime has wrong format.')] },
  })
  for (const muted_until of ['2026-02-30T00:00:00Z', '99999-01-01T00:00:00Z', 12, '2026-01-01T00:00:00Z\u0000']) {
    expect(await bob.post(`${participants}${his}/mute/`, { muted_until })).toMatchObject({ status: 400 })
  }
  expect((await bob.get(`${participants}${his}/`)).body).toMatchObject({ is_muted: false, muted_until: null })
})

test('a time without an offset is in UTC', async () => {
  const { bob, his } = await roomOfTwo()
  const local = await bob.post(`${participants}${his}/mute/`, { muted_until: '2999-01-01T10:00:00' })
  expect(local).toMatchObject({ status: 200, body: { muted_until: expect.stringMatching(/^2999-01-01T10:00:00(\.0+)?Z$/) } })
})

test("others do not learn of somebody's mute from their sockets", async () => {
  const { alice, bob, room, his } = await roomOfTwo()
  const socket = await alice.connect(room)
  await bob.post(`${participants}${his}/mute/`)
  await alice.patch(`${participants}${his}/`, { is_admin: true })
  const frame = await socket.next('participant_updated')
  expect(frame.participant).toMatchObject({ id: his, is_admin: true, is_muted: false })
})
