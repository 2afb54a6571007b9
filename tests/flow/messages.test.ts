import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { required, time, unknownId, uuid } from './support/bodies.ts'

const messages = '/api/chat/messages/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('what is sent by REST reaches the sockets of the room, the sender too', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  const sent = await alice.say(room, '  hello  ', { client_id: 'c1' })
  for (const socket of [hers, his]) {
    const frame = await socket.next('chat_message')
    expect(frame).toMatchObject({ room_id: room, seq: 1, message: { id: sent.id, content: 'hello', client_id: 'c1' } })
  }
})

test('the same client_id sent over REST and the socket is stored once', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const socket = await alice.connect(room)
  socket.send({ type: 'chat_message', message: 'hello', client_id: 'c1' })
  const echo = await socket.next('chat_message')
  const again = await alice.post(messages, { room, content: 'hello', client_id: 'c1' })
  expect(again).toMatchObject({ status: 200, body: { id: echo.message.id } })
  const other = await alice.post(messages, { room, content: 'other', client_id: 'c1' })
  expect(other.status).toBe(409)
  expect((await bob.get(`${messages}?room=${room}`)).body.count).toBe(1)
})

test('a sent message has every field of the contract, with its content trimmed', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const { status, body } = await alice.post(messages, { room: room.toUpperCase(), content: ' \n hello\tworld \r\n' })
  expect(status).toBe(201)
  expect(body).toEqual({
    id: expect.stringMatching(uuid),
    room,
    room_id: room,
    seq: 1,
    client_id: null,
    sender: { id: alice.id, username: alice.username, full_name: 'alice Test', email: `${alice.username}@example.com` },
    message_type: 'text',
    content: 'hello\tworld',
    attachment: null,
    attachment_name: null,
    attachment_size: null,
    reply_to: null,
    reply_to_id: null,
    created_at: expect.stringMatching(time),
    modified_at: body.created_at,
    is_edited: false,
    edited_at: null,
    is_deleted: false,
    deleted_at: null,
    is_read: true,
    read_count: 0,
    read_by: {},
  })
  expect(await alice.get(`${messages}${body.id}/`)).toMatchObject({ status: 200, body })
  expect((await bob.get(`${messages}${body.id.toUpperCase()}/`)).body).toEqual({ ...body, is_read: false })
})

test('content is one to 10 000 characters that can be read', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const blank = 'This field may not be blank.'
  const refusals: [unknown, string][] = [
    ['', blank],
    [' \n\t ', blank],
    ['\u200b\u202e', blank],
    [undefined, required],
    [null, 'This field may not be null.'],
    [['a'], 'Not a valid string.'],
    ['x'.repeat(10_001), 'Ensure this field has no more than 10000 characters.'],
    ['a\u0000b', 'Null characters are not allowed.'],
    ['\ud800', 'Lone surrogates are not allowed.'],
    ['a\udc00b', 'Lone surrogates are not allowed.'],
  ]
  for (const [content, text] of refusals) {
    expect(await alice.post(messages, { room, content })).toMatchObject({ status: 400, body: { content: [text] } })
  }
  expect((await alice.get(`${messages}?room=${room}`)).body.results).toEqual([])
  for (const content of ['x', 'x'.repeat(10_000), '😀'.repeat(10_000), ' '.repeat(20_000).concat('x')]) {
    expect(await alice.post(messages, { room, content })).toMatchObject({ status: 201, body: { content: content.trim() } })
  }
})

test('what a form leaves empty is not said, whatever its encoding', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const formOf = (form: FormData | URLSearchParams, fields: object) => {
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    return form
  }
  for (const kind of [FormData, URLSearchParams]) {
    const sent = await alice.post(messages, formOf(new kind(), { room, content: 'hello', reply_to: '' }))
    expect(sent).toMatchObject({ status: 201, body: { content: 'hello', reply_to: null } })
    const opened = await alice.post('/api/chat/rooms/', formOf(new kind(), { room_type: 'group', task: '', property: '' }))
    expect(opened).toMatchObject({ status: 201, body: { task: null, property: null } })
    const subjectless = await alice.post('/api/chat/rooms/', formOf(new kind(), { room_type: 'task', task: '' }))
    expect(subjectless).toMatchObject({ status: 400, body: { task: ['Task is required for task-type rooms'] } })
  }
})

test('only participants of a room that exists can send, and both fields are required', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  const notIn = { status: 400, body: { room: ['You are not a participant in this room'] } }
  expect(await mallory.post(messages, { room, content: 'x' })).toMatchObject(notIn)
  expect(await mallory.post(messages, { room: unknownId, content: 'x' })).toMatchObject(notIn)
  const malformed = await alice.post(messages, { room: 'abc', content: 'x' })
  expect(malformed).toMatchObject({ status: 400, body: { room: ['Must be a valid UUID.'] } })
  expect(await alice.post(messages, {})).toMatchObject({ status: 400, body: { room: [required], content: [required] } })
  expect(await alice.post(messages)).toMatchObject({ status: 400, body: { room: [required] } })
})

test('a reply quotes the first 100 characters of a message of the same room', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const first = await alice.say(room, '😀'.repeat(150))
  const reply = await bob.say(room, 'yes', { reply_to: first.id.toUpperCase() })
  expect(reply.reply_to_id).toBe(first.id)
  expect(reply.reply_to).toEqual({
    id: first.id,
    sender: { id: alice.id, username: alice.username },
    content: '😀'.repeat(100),
    created_at: first.created_at,
  })
})

test('a reply to a message of another room, or of none, is refused', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const [room, other, foreign] = await Promise.all([chat.group(alice), chat.group(alice), chat.group(bob)])
  const elsewhere = [await alice.say(other, 'mine'), await bob.say(foreign, 'his'), { id: unknownId }]
  for (const { id } of elsewhere) {
    const { status, body } = await alice.post(messages, { room, content: 'x', reply_to: id })
    expect({ status, body }).toEqual({ status: 400, body: { reply_to: ['Reply message must be in the same room'] } })
  }
  const malformed = await alice.post(messages, { room, content: 'x', reply_to: 'abc' })
  expect(malformed).toMatchObject({ status: 400, body: { reply_to: [expect.any(String)] } })
  expect(await alice.post(messages, { room, content: 'x', reply_to: null })).toMatchObject({ status: 201, body: { reply_to: null } })
})

test('a type cannot be claimed: system is refused, and without a file every message is text', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const message_type of ['system', 'banana']) {
    const { status, body } = await alice.post(messages, { room, content: 'x', message_type })
    expect({ status, body }).toEqual({ status: 400, body: { message_type: [`"${message_type}" is not a valid choice.`] } })
  }
  for (const message_type of ['image', 'file', 'text']) {
    expect(await alice.post(messages, { room, content: 'x', message_type })).toMatchObject({ status: 201, body: { message_type: 'text' } })
  }
})

test('a message may come as a form, of either kind', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const encoded = await alice.post(messages, new URLSearchParams({ room, content: ' a&b ' }))
  expect(encoded).toMatchObject({ status: 201, body: { content: 'a&b' } })
  const form = new FormData()
  form.set('room', room)
  form.set('content', ' größer ')
  form.set('reply_to', encoded.body.id)
  expect(await alice.post(messages, form)).toMatchObject({ status: 201, body: { content: 'größer', reply_to: { id: encoded.body.id } } })
})
