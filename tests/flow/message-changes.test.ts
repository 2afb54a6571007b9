import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { noMessage, noPermission, notFound, time, unknownId } from './support/bodies.ts'

const messages = '/api/chat/messages/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('only its sender edits a message, by PATCH or PUT', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  const said = await bob.say(room, 'helo')
  for (const method of ['PATCH', 'PUT']) {
    const { status, body } = await bob.request(method, `${messages}${said.id}/`, { content: ` hello by ${method} ` })
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: said.id, content: `hello by ${method}`, is_edited: true, edited_at: expect.stringMatching(time) })
    expect(body).toMatchObject({ created_at: said.created_at, seq: said.seq, modified_at: body.edited_at })
    expect(await alice.request(method, `${messages}${said.id}/`, { content: 'x' })).toMatchObject({ status: 403, body: noPermission })
    expect(await mallory.request(method, `${messages}${said.id}/`, { content: 'x' })).toMatchObject({ status: 404, body: noMessage })
  }
})

test('an edited text obeys the same rules as a new one', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const { id } = await alice.say(room, 'hello')
  const refusals: [unknown, string][] = [
    [' ', 'This field may not be blank.'],
    ['', 'This field may not be blank.'],
    [null, 'This field may not be null.'],
    ['x'.repeat(10_001), 'Ensure this field has no more than 10000 characters.'],
    ['a\u0000', 'Null characters are not allowed.'],
    ['\udfff', 'Lone surrogates are not allowed.'],
  ]
  for (const [content, text] of refusals) {
    expect(await alice.patch(`${messages}${id}/`, { content })).toMatchObject({ status: 400, body: { content: [text] } })
  }
  expect((await alice.get(`${messages}${id}/`)).body).toMatchObject({ content: 'hello', is_edited: false, edited_at: null })
})

test('nothing but the content can change', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const [room, other] = await Promise.all([chat.group(alice, bob), chat.group(alice, bob)])
  const said = await alice.say(room, 'hello')
  const elsewhere = await alice.say(other, 'there')
  const changes = { room: other, reply_to: elsewhere.id, sender: bob.id, message_type: 'system', is_deleted: true, read_by: { 1: 'x' } }
  const { body } = await alice.patch(`${messages}${said.id}/`, { ...changes, content: 'hello!' })
  expect(body).toEqual({ ...said, content: 'hello!', is_edited: true, edited_at: body.edited_at, modified_at: body.modified_at })
})

test('only its sender deletes a message', async () => {
  const [alice, bob, mallory] = await chat.newPeople('alice', 'bob', 'mallory')
  const room = await chat.group(alice, bob)
  const said = await bob.say(room, 'oops')
  expect(await alice.delete(`${messages}${said.id}/`)).toMatchObject({ status: 403, body: noPermission })
  expect(await mallory.delete(`${messages}${said.id}/`)).toMatchObject({ status: 404, body: noMessage })
  expect(await bob.delete(`${messages}${said.id}/`)).toMatchObject({ status: 204, body: undefined })
  expect(await bob.delete(`${messages}${said.id}/`)).toMatchObject({ status: 404, body: noMessage })
})

test('a deleted message is gone from everywhere, and a reply that quotes it says so', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const first = await alice.say(room, 'first')
  const said = await alice.say(room, 'a secret')
  const reply = await bob.say(room, 'really?', { reply_to: said.id })
  await bob.delete(`${messages}${reply.id}/`)
  const stays = await bob.say(room, 'still here', { reply_to: said.id })
  await alice.delete(`${messages}${said.id}/`)

  const { body } = await bob.get(`${messages}?room=${room}`)
  expect(body).toMatchObject({ count: 2, results: [{ id: stays.id }, { id: first.id }] })
  expect(body.results[0]).toMatchObject({ reply_to_id: said.id, reply_to: { id: said.id, content: '[Message deleted]' } })
  expect(JSON.stringify(body)).not.toContain('a secret')
  for (const path of ['', 'mark_read/']) {
    const method = path ? 'POST' : 'GET'
    expect(await bob.request(method, `${messages}${said.id}/${path}`)).toMatchObject({ status: 404, body: noMessage })
  }
  expect(await alice.patch(`${messages}${said.id}/`, { content: 'x' })).toMatchObject({ status: 404, body: noMessage })
  const late = await bob.post(messages, { room, content: 'x', reply_to: said.id })
  expect(late).toMatchObject({ status: 400, body: { reply_to: [expect.any(String)] } })
})

test('when the newest message is deleted the one before is the last', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const first = await alice.say(room, 'first')
  const second = await alice.say(room, 'second')
  await alice.delete(`${messages}${second.id}/`)
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body).toMatchObject({ unread_count: 1, last_message: { id: first.id } })
  expect((await bob.get('/api/chat/rooms/')).body.results).toMatchObject([{ last_message_preview: 'first', unread_count: 1 }])
  await alice.delete(`${messages}${first.id}/`)
  expect((await bob.get(`/api/chat/rooms/${room}/`)).body).toMatchObject({ unread_count: 0, last_message: null })
  const { results } = (await bob.get('/api/chat/rooms/')).body
  expect(results).toMatchObject([{ last_message_preview: 'No messages yet', unread_count: 0 }])
})

test('a message that is not mine to see, unknown or malformed is not found', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  const said = await alice.say(room, 'hello')
  expect(await mallory.get(`${messages}${said.id}/`)).toMatchObject({ status: 404, body: noMessage })
  expect(await alice.get(`${messages}${unknownId}/`)).toMatchObject({ status: 404, body: noMessage })
  for (const method of ['GET', 'DELETE', 'PATCH']) {
    for (const id of ['42', 'abc', `${said.id}0`, '%00']) {
      const body = method === 'PATCH' ? { content: 'x' } : undefined
      expect(await alice.request(method, `${messages}${id}/`, body)).toMatchObject({ status: 404, body: notFound })
    }
  }
})

test('messages of an archived room can neither be edited nor deleted', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const { id } = await alice.say(room, 'hello')
  await alice.post(`/api/chat/rooms/${room}/archive/`)
  const archived = { status: 400, body: { room: ['This room is archived'] } }
  expect(await alice.patch(`${messages}${id}/`, { content: 'x' })).toMatchObject(archived)
  expect(await alice.delete(`${messages}${id}/`)).toMatchObject(archived)
})
