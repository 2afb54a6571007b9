import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { png } from '../support/sample-files.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

let chat: Attacked
let mallory: Person
let room: string
beforeAll(async () => {
  chat = await startAttacked()
  ;[mallory] = await chat.newPeople('mallory')
  room = await chat.group(mallory)
})
afterEach(() => chat.unharmed())
afterAll(() => chat.close())

test.each([
  ['a NUL', 'a\0b', 'Null characters are not allowed.'],
  ['half of a surrogate pair', 'a\ud800b', 'Lone surrogates are not allowed.'],
  ['the other half', '\udc00', 'Lone surrogates are not allowed.'],
])('%s is refused everywhere', async (_name, text, reason) => {
  const message = await mallory.say(room, 'x')
  const refusals = [
    await mallory.post('/api/chat/messages/', { room, content: text }),
    await mallory.patch(`/api/chat/messages/${message.id}/`, { content: text }),
    await mallory.post('/api/chat/messages/', { room, content: 'x', client_id: text }),
    await mallory.post('/api/chat/rooms/', { room_type: 'group', name: text }),
    await mallory.patch(`/api/chat/rooms/${room}/`, { name: text }),
    await mallory.request('POST', '/api/token/', { username: text, password: text }),
  ]
  for (const { status, body } of refusals) {
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain(reason)
  }
  const socket = await mallory.connect(room)
  socket.send(JSON.stringify({ type: 'chat_message', message: text }))
  expect(await socket.next('error')).toMatchObject({ message: reason })
  socket.send(JSON.stringify({ type: 'chat_message', message: 'x', client_id: text }))
  await socket.next('error')
  expect(socket.ofType('chat_message')).toEqual([])
})

test('controls of direction are no part of a name of a room or of a file', async () => {
  const { body } = await mallory.patch(`/api/chat/rooms/${room}/`, { name: '\u202Eevil\u202C \u2066name\u2069' })
  expect(body.name).toBe('evil name')
  const form = new FormData()
  form.set('room', room)
  form.set('attachment', new Blob([png]), '\u202Egpj.exe\u202C.png')
  expect((await mallory.post('/api/chat/messages/', form)).body.attachment_name).toBe('gpj.exe.png')
})

test.each([
  ['spaces', ' \t\n\u00a0\u2003'],
  ['characters of no width', '\u200B\u200C\u200D\u2060\uFEFF'],
  ['controls of direction', '\u202A\u202C\u2066\u2069'],
  ['a filler that looks empty', '\u3164\u115F'],
  ['marks on nothing', '\u0301\u0301'],
  ['tags', '\u{E0041}\u{E0042}'],
])('a message of nothing but %s says nothing', async (_name, text) => {
  const message = await mallory.say(room, 'x')
  const blank = { status: 400, body: { content: ['This field may not be blank.'] } }
  expect(await mallory.post('/api/chat/messages/', { room, content: text })).toMatchObject(blank)
  expect(await mallory.patch(`/api/chat/messages/${message.id}/`, { content: text })).toMatchObject(blank)
  const socket = await mallory.connect(room)
  socket.send({ type: 'chat_message', message: text })
  expect(await socket.next('error')).toMatchObject({ message: 'This field may not be blank.' })
})

test('4 000 marks on one letter pass as they are, and the list stays quick to read', async () => {
  const text = `e${'\u0301'.repeat(4_000)}`
  const socket = await mallory.connect(room)
  socket.send({ type: 'chat_message', message: text })
  expect((await socket.next('chat_message')).message.content).toBe(text)
  const preview = (await mallory.get('/api/chat/rooms/')).body.results[0].last_message_preview
  expect([...preview].length).toBeLessThanOrEqual(100)
})

const markup = '<img src=x onerror=alert(1)><script>alert(1)</script>"\'&{{7*7}}'

test('markup passes as text: not changed, never as HTML', async () => {
  const named = await mallory.patch(`/api/chat/rooms/${room}/`, { name: markup })
  const said = await mallory.post('/api/chat/messages/', { room, content: markup })
  expect(named.body.name).toBe(markup)
  expect(said.body.content).toBe(markup)
  const refused = await mallory.post('/api/chat/rooms/', { room_type: markup })
  for (const { headers } of [named, said, refused, await mallory.get(`/api/chat/${encodeURIComponent(markup)}/`)]) {
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('no page allows what stands inline in it', async () => {
  for (const path of ['/api/docs/', '/api/chat/', '/api/schema/', '/nothing/']) {
    const policy = (await fetch(`${chat.url}${path}`)).headers.get('content-security-policy') ?? ''
    expect(policy, path).toContain("default-src 'self'")
    expect(/script-src[^;]*unsafe-inline/.test(policy), path).toBe(false)
  }
  for (const path of ['/api/chat/', '/nothing/']) {
    const policy = (await fetch(`${chat.url}${path}`)).headers.get('content-security-policy') ?? ''
    expect(policy, path).not.toContain('unsafe-')
  }
})
