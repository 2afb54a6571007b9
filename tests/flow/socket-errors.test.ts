import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { TestSocket } from '../support/socket.ts'
import { unknownId } from './support/bodies.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

async function roomOfTwo() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const [hers, his] = await Promise.all([alice.connect(room), bob.connect(room)])
  return { alice, bob, room, hers, his }
}

/** The error goes to the one who asked, nobody else hears of it, and nothing is stored. */
async function expectRefused(
  { hers, his, alice, room }: Awaited<ReturnType<typeof roomOfTwo>>,
  frame: unknown,
  code: string,
  text?: string,
) {
  const before = await headOf()
  his.send(frame)
  const error = await his.next('error')
  expect({ frame, code: error.code }).toEqual({ frame, code })
  expect(error.message).toBe(text ?? error.message)
  expect(error.message).not.toBe('')
  await hers.settled()
  expect(hers.frames.map((one) => one.type)).not.toContain('error')
  expect(await headOf()).toEqual(before)

  async function headOf() {
    const { seq, modified_at } = (await alice.get(`/api/chat/rooms/${room}/`)).body
    return { seq, modified_at, frames: quiet(hers).length }
  }
}

const quiet = (socket: TestSocket) => socket.frames.filter((frame) => frame.type !== 'pong')

test('what is not JSON is answered by an error', async () => {
  const two = await roomOfTwo()
  for (const text of ['', '{', 'hello', '{"type":}', '\u0000', "{'type':'ping'}"]) {
    await expectRefused(two, text, 'parse_error', 'The frame is not JSON.')
  }
})

test('JSON that is no command is answered by an error', async () => {
  const two = await roomOfTwo()
  for (const frame of [[], null, 42, true, '"text"', {}, { type: null }, { type: 'banana' }, { type: ['ping'] }, { type: '__proto__' }]) {
    await expectRefused(two, JSON.stringify(frame), 'invalid')
  }
  await expectRefused(two, { type: 'connection_established', room_id: two.room, user_id: 1, username: 'x' }, 'invalid')
  await expectRefused(two, { type: 'error', message: 'x', code: 'x' }, 'invalid')
})

test('a field that is missing or of the wrong type is named', async () => {
  const two = await roomOfTwo()
  const frames: [object, string][] = [
    [{ type: 'chat_message' }, 'message'],
    [{ type: 'chat_message', message: 42 }, 'message'],
    [{ type: 'chat_message', message: null }, 'message'],
    [{ type: 'chat_message', message: { text: 'x' } }, 'message'],
    [{ type: 'chat_message', message: 'x', reply_to: 'abc' }, 'reply_to'],
    [{ type: 'chat_message', message: 'x', reply_to: 42 }, 'reply_to'],
    [{ type: 'chat_message', message: 'x', client_id: '' }, 'client_id'],
    [{ type: 'chat_message', message: 'x', client_id: 'c'.repeat(65) }, 'client_id'],
    [{ type: 'typing' }, 'is_typing'],
    [{ type: 'typing', is_typing: 'yes' }, 'is_typing'],
    [{ type: 'read_receipt' }, 'message_id'],
    [{ type: 'read_receipt', message_id: 42 }, 'message_id'],
    [{ type: 'read_receipt', message_id: 'abc' }, 'message_id'],
  ]
  for (const [frame, field] of frames) {
    await expectRefused(two, frame, 'invalid')
    expect(two.his.frames.findLast((one) => one.type === 'error')?.message).toMatch(new RegExp(`^${field}`))
  }
})

test('a field that is missing is said to be, as over REST', async () => {
  const two = await roomOfTwo()
  await expectRefused(two, { type: 'chat_message' }, 'invalid', 'message: This field is required.')
  await expectRefused(two, { type: 'typing' }, 'invalid', 'is_typing: This field is required.')
  await expectRefused(two, { type: 'read_receipt' }, 'invalid', 'message_id: This field is required.')
})

test('a text that is empty, too long, or holds what cannot be stored is refused', async () => {
  const two = await roomOfTwo()
  const refusals: [string, string][] = [
    ['', 'This field may not be blank.'],
    [' \n ', 'This field may not be blank.'],
    ['x'.repeat(10_001), 'Ensure this field has no more than 10000 characters.'],
    ['a\u0000b', 'Null characters are not allowed.'],
    ['\ud800', 'Lone surrogates are not allowed.'],
  ]
  for (const [message, text] of refusals) await expectRefused(two, { type: 'chat_message', message }, 'invalid', text)
})

test('an unknown message, or one of another room, can neither be answered nor read', async () => {
  const two = await roomOfTwo()
  const other = await chat.group(two.alice, two.bob)
  const elsewhere = await two.alice.say(other, 'elsewhere')
  const deleted = await two.alice.say(two.room, 'gone')
  await two.alice.delete(`/api/chat/messages/${deleted.id}/`)
  await two.his.next('message_deleted')
  for (const id of [unknownId, elsewhere.id, deleted.id]) {
    const reply = { type: 'chat_message', message: 'x', reply_to: id }
    await expectRefused(two, reply, 'invalid', 'Reply message must be in the same room')
    const receipt = { type: 'read_receipt', message_id: id }
    await expectRefused(two, receipt, 'not_found', 'No ChatMessage matches the given query.')
  }
  expect((await two.bob.get(`/api/chat/messages/${elsewhere.id}/`)).body.read_by).toEqual({})
})

test('an archived room takes no messages from sockets', async () => {
  const two = await roomOfTwo()
  await two.alice.post(`/api/chat/rooms/${two.room}/archive/`)
  await two.his.next('room_updated')
  await expectRefused(two, { type: 'chat_message', message: 'late' }, 'invalid', 'This room is archived')
})

test('another room cannot be written to through this socket', async () => {
  const two = await roomOfTwo()
  const other = await chat.group(two.alice, two.bob)
  await expectRefused(two, { type: 'chat_message', message: 'x', room_id: other }, 'invalid')
  expect((await two.bob.get(`/api/chat/messages/?room=${other}`)).body.count).toBe(0)
})

test('a client_id is 64 characters long, however they are written', async () => {
  const { his } = await roomOfTwo()
  const clientId = '😀'.repeat(64)
  his.send({ type: 'chat_message', message: ' ', client_id: clientId })
  expect(await his.next('error')).toMatchObject({ client_id: clientId, code: 'invalid' })
  his.send({ type: 'chat_message', message: 'now', client_id: clientId })
  expect(await his.next('ack')).toMatchObject({ client_id: clientId })
})

test('a refused text tells its client_id, and the id is still free', async () => {
  const { his } = await roomOfTwo()
  his.send({ type: 'chat_message', message: ' ', client_id: 'c1' })
  expect(await his.next('error')).toMatchObject({ client_id: 'c1', code: 'invalid' })
  his.send({ type: 'chat_message', message: 'now', client_id: 'c1' })
  const [echo, ack] = await Promise.all([his.next('chat_message'), his.next('ack')])
  expect(echo.message).toMatchObject({ content: 'now', client_id: 'c1' })
  expect(ack).toMatchObject({ client_id: 'c1', id: echo.message.id, seq: echo.seq })
})

test('after any error the socket goes on', async () => {
  const { hers, his } = await roomOfTwo()
  his.send('{')
  his.send({ type: 'banana' })
  his.send({ type: 'chat_message', message: 'still here' })
  expect((await hers.next('chat_message')).message.content).toBe('still here')
  expect(his.ofType('error')).toHaveLength(2)
})
