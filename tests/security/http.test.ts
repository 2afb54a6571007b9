import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { until } from '../support/until.ts'
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

/** A request as bytes; the connection closes after its answer. */
function bytesOf(line: string, headers: Record<string, string | number>, body: string | Buffer = ''): Buffer {
  const all = { host: 'localhost', authorization: `Bearer ${mallory.access}`, connection: 'close', ...headers }
  const head = [line, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from(body)])
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])

test.each(['text/plain', 'application/xml', 'text/html', 'application/merge-patch+json', 'application/jsonx', 'image/png', 'a/b; c="\\"'])(
  'a body of the type %s is refused with 415',
  async (type) => {
    const { status, body } = await mallory.request('POST', '/api/chat/messages/', '{"content":"x"}', { 'content-type': type })
    chat.saw(body)
    expect(status).toBe(415)
  },
)

test.each(['__proto__', 'constructor', 'prototype'])('a key %s changes nothing that other requests see', async (key) => {
  const poison = `{"${key}":{"is_admin":true,"isActive":false,"prototype":{"polluted":1}},"room":"${room}","content":"x"}`
  const { status } = await mallory.request('POST', '/api/chat/messages/', poison)
  expect([201, 400]).toContain(status)
  for (const type of ['application/x-www-form-urlencoded']) {
    const form = `${key}=1&${key}[is_admin]=true&room=${room}&content=x`
    expect((await mallory.request('POST', '/api/chat/messages/', form, { 'content-type': type })).status).toBe(201)
  }
  const parts = new FormData()
  parts.set(key, 'x')
  parts.set('room', room)
  parts.set('content', 'x')
  // A form's parser refuses the names that reach a prototype; `prototype` itself is a name like any other.
  expect((await mallory.post('/api/chat/messages/', parts)).status).toBe(key === 'prototype' ? 201 : 400)
  expect((await mallory.get(`/api/chat/rooms/?${key}=1&${key}[x]=1`)).status).toBe(200)
  expect(({} as Record<string, unknown>).is_admin).toBeUndefined()
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('a body of 1 MiB is read and one byte more is refused with 413, also when its length is not told', async () => {
  const padded = (length: number) => JSON.stringify({ name: 'x' }).padEnd(length)
  const path = `/api/chat/rooms/${room}/`
  expect((await mallory.request('PATCH', path, padded(1024 * 1024))).status).toBe(200)
  expect((await mallory.request('PATCH', path, padded(1024 * 1024 + 1))).status).toBe(413)
  const chunks = Array.from({ length: 17 }, () => `10000\r\n${' '.repeat(65_536)}\r\n`).join('')
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  expect(statusOf(await chat.raw(bytesOf(`PATCH ${path} HTTP/1.1`, headers, `${chunks}0\r\n\r\n`)))).toBe(413)
})

test('a length that lies is refused, and what follows is no second request', async () => {
  const path = `/api/chat/rooms/${room}/`
  const json = { 'content-type': 'application/json' }
  const short = bytesOf(`PATCH ${path} HTTP/1.1`, { ...json, 'content-length': 5 }, '{"name":"smuggled"}')
  expect(statusOf(await chat.raw(short))).toBe(400)
  const both = { ...json, 'content-length': 4, 'transfer-encoding': 'chunked' }
  const smuggled = `0\r\n\r\nDELETE ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${mallory.access}\r\n\r\n`
  expect(statusOf(await chat.raw(bytesOf(`PATCH ${path} HTTP/1.1`, both, smuggled)))).toBe(400)
  for (const length of ['-1', '1e3', '5, 5', '0x10', '99999999999999999999'])
    expect(statusOf(await chat.raw(bytesOf(`PATCH ${path} HTTP/1.1`, { ...json, 'content-length': length }, '{}')))).toBe(400)
  expect((await mallory.get(path)).status).toBe(200)
})

test('what is not HTTP is answered with 400', async () => {
  for (const text of [
    '\0\0\0\0\r\n\r\n',
    'GET\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET / HTTP/1.1\r\nbad header\r\n\r\n',
    '\x16\x03\x01\x02\0',
  ])
    expect(statusOf(await chat.raw(text))).toBe(400)
})

const ids = [
  '0',
  '-1',
  '1.5',
  '1e3',
  '9007199254740993',
  '9223372036854775808',
  '%00',
  '%',
  '%zz',
  '%ED%A0%80',
  "'",
  '2147483648',
  'x'.repeat(300),
  '..%2f',
]

test.each(ids)('the id %s is one that nothing has', async (id) => {
  for (const path of [`rooms/${id}/`, `rooms/${id}/stats/`, `messages/${id}/`, `participants/${id}/`]) {
    const answer = await chat.raw(bytesOf(`GET /api/chat/${path} HTTP/1.1`, {}))
    expect(statusOf(answer), path).toBe(404)
  }
  const uuidless = encodeURIComponent(decodeSafely(id))
  expect((await mallory.get(`/api/chat/messages/?room=${uuidless}`)).status).toBe(400)
  expect((await mallory.post('/api/chat/messages/', { room: decodeSafely(id), content: 'x' })).status).toBe(400)
})

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

test.each(['1000000000000000', '0', '-1', '1.5', '1e3', 'NaN', '9223372036854775808', ''])('there is no page %s', async (page) => {
  for (const list of ['rooms', 'messages', 'participants']) {
    const { status, body } = await mallory.get(`/api/chat/${list}/?page=${page}`)
    if (page === '') expect(status).toBe(200)
    else expect({ status, body }).toEqual({ status: 404, body: { detail: 'Invalid page.' } })
  }
})

test.each(['%_%_%', '%%%', '\\', '(a+)+$', '!&|:*()', "' & '", '"unclosed', '<->', 'x'.repeat(10_000), '\u{1F600}'.repeat(1_000)])(
  'a search for %s finds what stands there and nothing else',
  async (wanted) => {
    await mallory.say(room, 'plain words')
    const query = encodeURIComponent(wanted)
    for (const path of [`messages/?search=${query}`, `messages/?room=${room}&search=${query}`, `rooms/?search=${query}`]) {
      const { status, body } = await mallory.get(`/api/chat/${path}`)
      expect(status).toBe(200)
      expect(body.count).toBe(0)
    }
    if (wanted.length > 500) return
    const unique = `${randomUUID()} ${wanted}`
    const said = await mallory.say(room, unique)
    const found = await mallory.get(`/api/chat/messages/?search=${encodeURIComponent(unique)}`)
    expect(found.body.results.map((message: { id: string }) => message.id)).toEqual([said.id])
    await mallory.delete(`/api/chat/messages/${said.id}/`)
  },
)

test('forged X-Forwarded headers change no link and open no new count of failures', async () => {
  for (let count = 0; count < 3; count++) await mallory.say(room, 'x')
  const forged = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '1.2.3.4',
    forwarded: 'host=evil.example',
  }
  const { body } = await mallory.request('GET', '/api/chat/messages/?page_size=1', undefined, forged)
  expect(body.next).toMatch(new RegExp(`^${chat.url}/`))
  const [victim] = await chat.newPeople('victim')
  const guess = (count: number) =>
    victim.request('POST', '/api/token/', { username: victim.username, password: 'wrong' }, { 'x-forwarded-for': `10.0.0.${count}` })
  for (let count = 0; count < 10; count++) expect((await guess(count)).status).toBe(401)
  expect((await guess(11)).status).toBe(429)
})

test.each(['a b', '[::', '%', 'evil.example:99999', '@', '', 'x'.repeat(3_000), 'evil.example/path?x=', '..'])(
  'the host %s breaks no list',
  async (host) => {
    for (let count = 0; count < 2; count++) await mallory.say(room, 'x')
    const answer = await chat.raw(bytesOf('GET /api/chat/messages/?page_size=1 HTTP/1.1', { host }))
    expect([200, 400]).toContain(statusOf(answer))
  },
)

test('headers without end are refused with 431', async () => {
  expect(statusOf(await chat.raw(`GET / HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(20_000)}\r\n`))).toBe(431)
})

const wish = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' }

test('a wish for HTTP/2, as curl and Java have it, is passed over: the request is answered like any other', async () => {
  const last = bytesOf('GET /api/chat/rooms/nope/ HTTP/1.1', {})
  const read = await chat.raw(bytesOf('GET /api/chat/rooms/ HTTP/1.1', wish), last)
  expect(read).toMatch(/^HTTP\/1\.1 200 /)
  expect(read).toMatch(/HTTP\/1\.1 404 /)
  const body = JSON.stringify({ room, content: 'over h2c, if you can' })
  const type = { ...wish, 'content-type': 'application/json' }
  const whole = bytesOf('POST /api/chat/messages/ HTTP/1.1', { ...type, 'content-length': body.length }, body)
  expect(await chat.raw(whole, last)).toMatch(/^HTTP\/1\.1 201 /)
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const chunked = bytesOf('POST /api/chat/messages/ HTTP/1.1', { ...type, 'transfer-encoding': 'chunked' }, chunks)
  expect(await chat.raw(chunked.subarray(0, -10), chunked.subarray(-10), last)).toMatch(/^HTTP\/1\.1 201 /)
  expect(statusOf(await chat.raw(bytesOf('GET /api/chat/rooms/ HTTP/1.1', { ...wish, upgrade: 'websocket' })))).toBe(404)
})

test('a body that stops coming is ended by the service, and leaves no half file', { timeout: 60_000 }, async () => {
  const head = bytesOf('POST /api/chat/messages/ HTTP/1.1', { 'content-type': 'application/json', 'content-length': 100 }, '{"content":')
  const form = bytesOf(
    'POST /api/chat/messages/ HTTP/1.1',
    { 'content-type': 'multipart/form-data; boundary=b', 'content-length': 10_000 },
    `--b\r\ncontent-disposition: form-data; name="room"\r\n\r\n${room}\r\n--b\r\ncontent-disposition: form-data; name="attachment"; filename="a.png"\r\n\r\nhalf`,
  )
  const incoming = join(chat.dataDir, 'attachments', 'incoming')
  const halves = Promise.all([chat.raw(head), chat.raw(form)])
  await until(async () => (await readdir(incoming)).length === 1)
  expect(await halves).toEqual(['', ''])
  await until(async () => (await readdir(incoming)).length === 0)
})

test('slow headers are ended by the service', { timeout: 60_000 }, async () => {
  expect(statusOf(await chat.raw('GET /api/chat/rooms/ HTTP/1.1\r\nhost: x\r\nx-slow: '))).toBe(408)
})

test('links of documents and errors lead nowhere else', async () => {
  for (const path of [
    '//evil.example/',
    '/\\evil.example/',
    '/api/docs',
    '/api/docs/..%2f..%2fetc/passwd',
    '/api/docs/static/..%2f..%2fpackage.json',
  ]) {
    const answer = await chat.raw(bytesOf(`GET ${path} HTTP/1.1`, {}))
    expect(answer).not.toMatch(/^location: (\/\/|https?:\/\/|\/\\)/im)
    expect(answer).not.toContain('"dependencies"')
  }
})
