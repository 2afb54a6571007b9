import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { noParticipant, noPermission, notFound, required, time, unknownId } from './support/bodies.ts'

const participants = '/api/chat/participants/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function participantOf(asker: Person, room: string, user: Person): Promise<number> {
  const { body } = await asker.get(`${participants}?room=${room}&user=${user.id}`)
  return body.results[0].id
}

test('the list shows active participants of my rooms, by room, user and role', async () => {
  const [alice, bob, carol, mallory] = await chat.newPeople('alice', 'bob', 'carol', 'mallory')
  const [room, other] = [await chat.group(alice, bob, carol), await chat.group(bob, alice)]
  await carol.post(`/api/chat/rooms/${room}/leave/`)
  const usersOf = async (query: string, asker = alice) =>
    (await asker.get(`${participants}${query}`)).body.results.map((one: { user: { id: number } }) => one.user.id)
  expect(await usersOf(`?room=${room}`)).toEqual([alice.id, bob.id])
  expect(await usersOf('')).toEqual([alice.id, bob.id, bob.id, alice.id])
  expect(await usersOf(`?user=${bob.id}`)).toEqual([bob.id, bob.id])
  expect(await usersOf(`?room=${other}&is_admin=true`)).toEqual([bob.id])
  expect(await usersOf(`?room=${other}&is_admin=False`)).toEqual([alice.id])
  expect(await usersOf(`?room=${room}`, mallory)).toEqual([])
  expect(await usersOf(`?room=${room}`, carol)).toEqual([])
  expect(await usersOf(`?room=${unknownId}`)).toEqual([])
})

test('an admin takes somebody in', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const room = await chat.group(alice, bob)
  const { status, body } = await alice.post(participants, { room, user: String(carol.id) })
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.any(Number),
    user: { id: carol.id, username: carol.username, full_name: 'carol Test', email: `${carol.username}@example.com` },
    room,
    joined_at: expect.stringMatching(time),
    last_read_at: null,
    is_admin: false,
    unread_count: 0,
    is_muted: false,
    muted_until: null,
    left_at: null,
  })
  await carol.say(room, 'hello')
  expect(await carol.get(`${participants}${body.id}/`)).toMatchObject({ status: 200, body })
})

test('who had left comes back as the same participant, also as an admin', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const id = await participantOf(alice, room, bob)
  await alice.delete(`${participants}${id}/`)
  await alice.say(room, 'while he was away')
  const back = await alice.post(participants, { room, user: bob.id, is_admin: true })
  expect(back).toMatchObject({ status: 201, body: { id, is_admin: true, left_at: null, unread_count: 0 } })
  expect((await bob.patch(`/api/chat/rooms/${room}/`, { name: 'his' })).status).toBe(200)
})

test('whoever is in already is not taken in again', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  for (const user of [alice.id, bob.id]) {
    const { status, body } = await alice.post(participants, { room, user, is_admin: true })
    expect({ status, body }).toEqual({ status: 400, body: { user: ['User is already a participant in this room'] } })
  }
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body.participants).toMatchObject([{ is_admin: true }, { is_admin: false }])
})

test('of many who take in the same person at once, one does', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice)
  const answers = await Promise.all(Array.from({ length: 20 }, () => alice.post(participants, { room, user: bob.id })))
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array(19).fill(400)])
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body).toMatchObject({ participant_count: 2, seq: 1 })
})

test('direct rooms take no further participants', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const room = (await alice.post('/api/chat/rooms/', { participant_ids: [bob.id] })).body.id
  const { status, body } = await alice.post(participants, { room, user: carol.id })
  expect({ status, body }).toEqual({ status: 400, body: { room: ['Direct rooms take no further participants'] } })
})

test('only an admin takes in, and only users and rooms that are there', async () => {
  const [alice, bob, carol, mallory] = await chat.newPeople('alice', 'bob', 'carol', 'mallory')
  const ivan = await chat.person('participants-ivan', { isActive: false })
  const room = await chat.group(alice, bob)
  for (const person of [bob, mallory]) {
    const { status, body } = await person.post(participants, { room, user: carol.id })
    expect({ status, body }).toEqual({ status: 403, body: noPermission })
  }
  const noUser = (id: number) => ({ status: 400, body: { user: [`Invalid pk "${id}" - object does not exist.`] } })
  expect(await alice.post(participants, { room, user: 999_999 })).toMatchObject(noUser(999_999))
  expect(await alice.post(participants, { room, user: ivan.id })).toMatchObject(noUser(ivan.id))
  const noRoom = { status: 400, body: { room: [`Invalid pk "${unknownId}" - object does not exist.`] } }
  expect(await alice.post(participants, { room: unknownId, user: bob.id })).toMatchObject(noRoom)
  expect(await alice.post(participants, {})).toMatchObject({ status: 400, body: { room: [required], user: [required] } })
  const malformed = await alice.post(participants, { room: 'abc', user: 'x', is_admin: 'perhaps' })
  expect(malformed).toMatchObject({
    status: 400,
    body: { room: ['Must be a valid UUID.'], user: ['A valid integer is required.'], is_admin: ['Must be a valid boolean.'] },
  })
})

test('anybody in the room looks at a participant, outsiders do not find him', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  const id = await participantOf(alice, room, alice)
  expect(await bob.get(`${participants}${id}/`)).toMatchObject({ status: 200, body: { id, room, user: { id: alice.id } } })
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const body = method === 'PATCH' ? { is_admin: true } : undefined
    expect(await mallory.request(method, `${participants}${id}/`, body)).toMatchObject({ status: 404, body: noParticipant })
    expect(await alice.request(method, `${participants}999999/`, body)).toMatchObject({ status: 404, body: noParticipant })
    for (const malformed of ['abc', '-1', '1.5', '9007199254740993', unknownId]) {
      expect(await alice.request(method, `${participants}${malformed}/`, body)).toMatchObject({ status: 404, body: notFound })
    }
  }
  expect(await mallory.post(`${participants}${id}/mute/`)).toMatchObject({ status: 404, body: noParticipant })
})

test('an admin makes admins, a member makes none, and one admin stays', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = [await participantOf(alice, room, alice), await participantOf(alice, room, bob)]
  expect(await bob.patch(`${participants}${his}/`, { is_admin: true })).toMatchObject({ status: 403, body: noPermission })
  expect((await alice.patch(`${participants}${hers}/`, { is_admin: false })).status).toBe(400)
  expect(await alice.patch(`${participants}${his}/`, { is_admin: 'true' })).toMatchObject({
    status: 200,
    body: { id: his, is_admin: true },
  })
  expect(await bob.patch(`${participants}${hers}/`, { is_admin: false })).toMatchObject({
    status: 200,
    body: { id: hers, is_admin: false },
  })
  expect(await alice.patch(`${participants}${his}/`, { is_admin: false })).toMatchObject({ status: 403, body: noPermission })
})

test('only is_admin of a participant can change', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const [room, foreign] = [await chat.group(alice, bob), await chat.group(carol)]
  const id = await participantOf(alice, room, bob)
  const { body: before } = await alice.get(`${participants}${id}/`)
  const changes = { room: foreign, user: carol.id, left_at: null, is_muted: true, joined_at: '2001-01-01T00:00:00Z', unread_count: 7 }
  expect(await alice.patch(`${participants}${id}/`, changes)).toMatchObject({ status: 200, body: before })
  expect((await alice.get(`${participants}${id}/`)).body).toEqual(before)
})

test('an admin removes a member; a member removes nobody; the only admin cannot go', async () => {
  const [alice, bob, carol] = await chat.newPeople('alice', 'bob', 'carol')
  const room = await chat.group(alice, bob, carol)
  const [hers, his] = [await participantOf(alice, room, alice), await participantOf(alice, room, bob)]
  for (const id of [hers, his]) {
    expect(await bob.delete(`${participants}${id}/`)).toMatchObject({ status: 403, body: noPermission })
  }
  const stays = await alice.delete(`${participants}${hers}/`)
  expect(stays).toMatchObject({ status: 400, body: { error: 'Cannot remove the only admin. Assign another admin first.' } })
  expect(await alice.delete(`${participants}${his}/`)).toMatchObject({ status: 204, body: undefined })
  expect(await alice.delete(`${participants}${his}/`)).toMatchObject({ status: 404, body: noParticipant })
  expect(await alice.get(`${participants}${his}/`)).toMatchObject({ status: 404, body: noParticipant })
  expect((await carol.get(`/api/chat/rooms/${room}/`)).body.participant_count).toBe(2)
})
