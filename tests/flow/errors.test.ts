import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { notFound, notSignedIn, unknownId } from './support/bodies.ts'

let chat: TestChat
let alice: Person
let room: string
beforeAll(async () => {
  chat = await startChat()
  ;[alice] = await chat.newPeople('alice')
  room = await chat.group(alice)
})
afterAll(() => chat.close())

const protectedPaths = [
  'rooms/',
  `rooms/${unknownId}/`,
  `rooms/${unknownId}/stats/`,
  'messages/',
  'participants/',
  'participants/1/',
  'typing/',
]

function withToken(token: string): Record<string, string> {
  return { authorization: token }
}

test('without a token every path says so, and how to sign in', async () => {
  for (const path of protectedPaths) {
    for (const authorization of ['', 'Basic YWxpY2U6cHc=', 'Token abc']) {
      const answer = await alice.request('GET', `/api/chat/${path}`, undefined, withToken(authorization))
      expect(answer).toMatchObject({ status: 401, body: notSignedIn })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"')
    }
  }
})

test('a bad token is told apart from none', async () => {
  const invalid = (message: string) => ({
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  })
  for (const token of ['garbage', `${alice.access}x`, alice.access.split('.').slice(0, 2).join('.')]) {
    const answer = await alice.request('GET', '/api/chat/rooms/', undefined, withToken(`Bearer ${token}`))
    expect(answer).toMatchObject({ status: 401, body: invalid('Token is invalid') })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  }
  const refresh = await alice.request('GET', '/api/chat/rooms/', undefined, withToken(`Bearer ${alice.refresh}`))
  expect(refresh).toMatchObject({ status: 401, body: invalid('Token has wrong type') })
})

test('a body that is no object is refused for what it is', async () => {
  for (const [body, kind] of [
    ['[1]', 'list'],
    ['"x"', 'string'],
    ['5', 'number'],
  ] as const) {
    for (const path of ['/api/chat/rooms/', '/api/chat/messages/', '/api/token/']) {
      const text = `Invalid data. Expected a dictionary, but got ${kind}.`
      expect(await alice.post(path, body)).toMatchObject({ status: 400, body: { non_field_errors: [text] } })
    }
  }
})

test('a method that an address does not take is refused by name', async () => {
  const refused: [string, string][] = [
    ['PUT', 'rooms/'],
    ['DELETE', 'rooms/'],
    ['POST', `rooms/${room}/`],
    ['GET', `rooms/${room}/archive/`],
    ['GET', `rooms/${room}/leave/`],
    ['POST', `rooms/${room}/stats/`],
    ['PATCH', 'messages/'],
    ['POST', `messages/${unknownId}/`],
    ['GET', `messages/${unknownId}/mark_read/`],
    ['GET', `messages/${unknownId}/mark_unread/`],
    ['DELETE', 'participants/'],
    ['PUT', 'participants/1/'],
    ['GET', 'participants/1/mute/'],
    ['POST', 'typing/'],
    ['OPTIONS', 'rooms/'],
    ['OPTIONS', `messages/${unknownId}/`],
  ]
  for (const [method, path] of refused) {
    const answer = await alice.request(method, `/api/chat/${path}`)
    expect({ path, status: answer.status, body: answer.body }).toEqual({
      path,
      status: 405,
      body: { detail: `Method "${method}" not allowed.` },
    })
    expect(answer.headers.get('allow')).toBeTruthy()
  }
  expect((await alice.request('HEAD', `/api/chat/rooms/${room}/leave/`)).status).toBe(405)
  expect((await alice.request('HEAD', `/api/chat/rooms/${room}/`)).status).toBe(200)
  for (const path of ['', 'refresh/', 'verify/', 'revoke/']) {
    const answer = await alice.get(`/api/token/${path}`)
    expect(answer).toMatchObject({ status: 405, body: { detail: 'Method "GET" not allowed.' } })
  }
})

test('malformed JSON is a parse error that says why', async () => {
  for (const body of ['{', '{"room":', 'room=1', "{'a':1}", '{"a":1}}', '\u0000']) {
    const answer = await alice.request('POST', '/api/chat/messages/', body)
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ detail: expect.stringMatching(/^JSON parse error - ./) })
  }
})

test('JSON that is no object is refused, not a fault', async () => {
  for (const [path, method] of [
    ['messages/', 'POST'],
    ['rooms/', 'POST'],
    ['participants/', 'POST'],
    [`rooms/${room}/`, 'PATCH'],
  ] as const) {
    for (const body of ['[]', '"text"', '42', 'true', '[{}]']) {
      const answer = await alice.request(method, `/api/chat/${path}`, body)
      expect({ path, body, status: answer.status, fields: Object.keys(answer.body) }).toEqual({
        path,
        body,
        status: 400,
        fields: ['non_field_errors'],
      })
    }
  }
})

test('a content type that is not taken is 415', async () => {
  for (const type of ['text/plain', 'application/xml', 'image/png', 'application/octet-stream']) {
    const answer = await alice.request('POST', '/api/chat/messages/', 'room=1', { 'content-type': type })
    const detail = expect.stringMatching(`^Unsupported media type "${type}.*" in request\\.$`)
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 415, body: { detail } })
  }
})

test('an empty body is an empty object, whatever type it claims', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type }
    expect((await alice.request('POST', '/api/chat/messages/', '', headers)).body).toMatchObject({ room: ['This field is required.'] })
    expect((await alice.request('POST', `/api/chat/rooms/${room}/mark_read/`, '', headers)).status).toBe(200)
  }
  expect((await alice.post(`/api/chat/rooms/${room}/archive/`)).status).toBe(200)
  expect((await alice.post(`/api/chat/rooms/${room}/unarchive/`, {})).status).toBe(200)
})

test('without its trailing slash an address gives the same answer, and no redirect', async () => {
  const said = await alice.say(room, 'hello')
  for (const path of ['rooms', `rooms/${room}`, `rooms/${room}/stats`, `messages/${said.id}`, 'participants', `typing?room=${room}`]) {
    const [bare, query = ''] = path.split('?')
    const [without, withIt] = [await alice.get(`/api/chat/${path}`), await alice.get(`/api/chat/${bare}/?${query}`)]
    expect({ path, status: without.status, body: without.body }).toEqual({ path, status: 200, body: withIt.body })
  }
  expect((await alice.post('/api/chat/messages', { room, content: 'x' })).status).toBe(201)
  expect((await alice.patch(`/api/chat/messages/${said.id}`, { content: 'y' })).status).toBe(200)
  expect((await alice.delete(`/api/chat/messages/${said.id}`)).status).toBe(204)
  expect((await alice.post('/api/token/verify', { token: alice.access })).body).toEqual({})
})

test('an address that is none is not found, as JSON', async () => {
  for (const path of [
    '/api/chat/banana/',
    '/api/',
    '/api/chat/rooms/x/y/z/',
    '/ws/chat/',
    '/%E0%A4%A',
    `/api/chat/rooms/${'a'.repeat(300)}/`,
    '/api/chat/rooms/%E0%A4%A/',
    '/api/chat/rooms//',
  ]) {
    const answer = await alice.get(path)
    expect({ path, status: answer.status, body: answer.body }).toEqual({ path, status: 404, body: notFound })
  }
})

test('answers to who is signed in are kept by no cache', async () => {
  for (const path of ['rooms/', 'messages/', `rooms/${room}/`, `rooms/${unknownId}/`]) {
    const answer = await alice.get(`/api/chat/${path}`)
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  }
})

test('a body of more than a megabyte is too large', async () => {
  const answer = await alice.post('/api/chat/messages/', { room, content: 'x'.repeat(1024 * 1024) })
  expect(answer).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
})
