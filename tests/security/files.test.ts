import { open } from 'node:fs/promises'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { findStrayFiles } from '../fuzz/support/invariants.ts'
import type { Answer, Person } from '../support/person.ts'
import { gif, html, jpeg, pdf, png, svg, zip } from '../support/sample-files.ts'
import { until } from '../support/until.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

let chat: Attacked
let mallory: Person
let carl: Person
let room: string
/** Milliseconds by which the clock of the service is ahead. */
let ahead = 0
beforeAll(async () => {
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead)
  // No sweep: it would end the sockets of honest people while the clock is ahead.
  chat = await startAttacked({ relay: { sweepInterval: 600_000 } })
  ;[mallory, carl] = await chat.newPeople('mallory', 'carl')
  room = await chat.group(mallory, carl)
})
afterEach(async () => {
  ahead = 0
  await chat.unharmed()
  await until(async () => (await findStrayFiles(chat.db, chat.dataDir)).length === 0)
})
afterAll(async () => {
  await chat.close()
  vi.restoreAllMocks()
})

function upload(person: Person, content: Buffer, name: string, fields: Record<string, string> = {}): Promise<Answer> {
  const form = new FormData()
  for (const [field, value] of Object.entries({ room, ...fields })) form.set(field, value)
  form.set('attachment', new Blob([Uint8Array.from(content)]), name)
  return person.post('/api/chat/messages/', form)
}

/** A part with whatever bytes in its header: FormData would escape them. */
function rawUpload(fileName: string): Promise<Answer> {
  const head = `--b\r\nContent-Disposition: form-data; name="room"\r\n\r\n${room}\r\n--b\r\nContent-Disposition: form-data; name="attachment"; filename="${fileName}"\r\n\r\n`
  const body = new Blob([head, Uint8Array.from(png), '\r\n--b--\r\n'])
  return post(body, 'multipart/form-data; boundary=b')
}

async function post(body: Blob, type: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${mallory.access}`, 'content-type': type }
  const response = await fetch(`${chat.url}/api/chat/messages/`, { method: 'POST', headers, body })
  const text = await response.text()
  chat.saw(text)
  return { status: response.status, headers: response.headers, body: JSON.parse(text) }
}

test('a link opens its own file for its own reader, and nothing when it is changed', async () => {
  const { body: first } = await upload(mallory, png, 'a.png')
  const { body: second } = await upload(mallory, gif, 'b.gif')
  const link = new URL(first.attachment)
  const changed = (name: string, value: string) => {
    const other = new URL(link)
    other.searchParams.set(name, value)
    return other.href
  }
  const twice = `${link.href}&user=${carl.id}`
  const moved = link.href.replace(first.id, second.id)
  const later = changed('expires', String(Number(link.searchParams.get('expires')) + 1))
  const bare = `${link.origin}${link.pathname}`
  for (const bad of [
    twice,
    moved,
    later,
    bare,
    changed('user', String(carl.id)),
    changed('signature', 'A'.repeat(43)),
    changed('user', `0${mallory.id}`),
  ])
    expect((await fetch(bad)).status, bad).toBe(403)
  expect((await fetch(link)).status).toBe(200)
  const { body: honest } = await upload(chat.honest.alice, png, 'c.png', { room: chat.honest.room })
  expect((await mallory.get(`/api/chat/messages/${honest.id}/`)).status).toBe(404)
  expect((await mallory.get(`/api/chat/attachments/${honest.id}/`)).status).toBe(403)
})

test('a link ends after a day or a little more', async () => {
  const { body } = await upload(mallory, png, 'a.png')
  expect((await fetch(body.attachment)).status).toBe(200)
  ahead = 31 * 60 * 60_000
  expect((await fetch(body.attachment)).status).toBe(403)
})

test('the file of a deleted message is gone, for its sender too', async () => {
  const { body } = await upload(mallory, png, 'a.png')
  const his = (await carl.get(`/api/chat/messages/${body.id}/`)).body.attachment
  expect((await fetch(his)).status).toBe(200)
  await mallory.delete(`/api/chat/messages/${body.id}/`)
  for (const link of [his, body.attachment]) expect((await fetch(link)).status).toBe(404)
})

test.each([
  '../../../etc/cron.d/a.png',
  '/etc/a.png',
  'C:\\Windows\\a.png',
  '..\\..\\a.png',
  '....//....//a.png',
  '%2e%2e%2fa.png',
  'a\0.png',
  'a.exe\0.png',
  `${'x'.repeat(5_000)}.png`,
  '\u202Egnp.exe\u202C.png',
  '.png',
  "a'; filename=b.html; x='.png",
])('the name %s is a name and no place', async (name) => {
  const { status, body } = await rawUpload(name)
  expect(status).toBe(201)
  expect(body.attachment_name).toMatch(/^[^/\\\p{Cc}\u202A-\u202E]{1,255}$/u)
  expect(body.attachment_name.length).toBeLessThanOrEqual(255)
  const { headers } = await fetch(body.attachment)
  expect(headers.get('content-type')).toBe('image/png')
  expect(headers.get('content-disposition')).toMatch(/^inline; filename="[^"\r\n]*"; filename\*=UTF-8''[^\s;"]+$/)
})

test('a name with line ends writes no headers', async () => {
  const { status, body } = await rawUpload('a\r\nContent-Type: text/html\r\nX-Evil: 1\r\n\r\n.png')
  expect([201, 400]).toContain(status)
  if (status === 400) return
  const { headers } = await fetch(body.attachment)
  expect(headers.get('x-evil')).toBeNull()
  expect(headers.get('content-type')).toBe('image/png')
})

test.each<[string, Buffer, string]>([
  ['HTML as png', html, 'a.png'],
  ['SVG as png', svg, 'a.png'],
  ['HTML as pdf', html, 'a.pdf'],
  ['a zip as docx', zip({ 'a.txt': 'x' }), 'a.docx'],
  ['a png as gif', png, 'a.gif'],
  ['HTML', html, 'a.html'],
  ['SVG', svg, 'a.svg'],
  ['a second extension', png, 'a.png.exe'],
  ['nothing', Buffer.alloc(0), 'a.png'],
  ['HTML before a png', Buffer.concat([html, png]), 'a.png'],
])('%s is refused and not kept', async (_name, content, name) => {
  const { status, body } = await upload(mallory, content, name)
  chat.saw(body)
  expect({ status, fields: Object.keys(body) }).toEqual({ status: 400, fields: ['attachment'] })
})

/** A picture that says it has 65 535 times 65 535 pixels. */
const flood = Buffer.from(png)
flood.writeUInt32BE(65_535, 16)
flood.writeUInt32BE(65_535, 20)

test.each<[string, Buffer, string, string]>([
  ['a gif that is HTML too', Buffer.concat([gif, html]), 'a.gif', 'image/gif'],
  ['a jpeg with a script', Buffer.concat([jpeg, html]), 'a.jpg', 'image/jpeg'],
  ['a pdf with a script', Buffer.concat([pdf, html]), 'a.pdf', 'application/pdf'],
  ['a png of 4 gigapixels, which nobody here unpacks', flood, 'a.png', 'image/png'],
])('%s is served as what it says, and can do nothing', async (_name, content, name, type) => {
  const { status, body } = await upload(mallory, content, name)
  expect(status).toBe(201)
  for (const asked of [undefined, 'text/html']) {
    const { headers } = await fetch(body.attachment, asked ? { headers: { accept: asked } } : {})
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
    expect(headers.get('content-disposition')).toMatch(type === 'application/pdf' ? /^attachment;/ : /^inline;/)
  }
})

test('a form that ends too soon, or has no boundary, is refused and leaves nothing', async () => {
  const head = `--b\r\nContent-Disposition: form-data; name="room"\r\n\r\n${room}\r\n--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\n`
  for (const body of [head, `${head}\x89PNG`, `${head}x\r\n--b`, '--b\r\n', '', '--c--\r\n', 'garbage'])
    expect((await post(new Blob([body]), 'multipart/form-data; boundary=b')).status).toBe(400)
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'x'.repeat(5_000)}`])
    expect((await post(new Blob([head]), type)).status).toBeGreaterThanOrEqual(400)
})

test('uploads that are cut off in the middle leave no file and no message', async () => {
  const before = (await mallory.get(`/api/chat/messages/?room=${room}`)).body.count
  await Promise.all(Array.from({ length: 20 }, (_, index) => cutOff(1_000 + index * 50_000)))
  await until(async () => (await findStrayFiles(chat.db, chat.dataDir)).length === 0)
  expect((await mallory.get(`/api/chat/messages/?room=${room}`)).body.count).toBe(before)
})

/** Announces 20 MB, sends so many bytes of them, and goes away without a word. */
function cutOff(bytes: number): Promise<void> {
  const { hostname, port } = new URL(chat.url)
  const head = [
    'POST /api/chat/messages/ HTTP/1.1',
    'host: x',
    `authorization: Bearer ${mallory.access}`,
    'content-type: multipart/form-data; boundary=b',
    'content-length: 20000000',
  ].join('\r\n')
  const part = `--b\r\nContent-Disposition: form-data; name="room"\r\n\r\n${room}\r\n--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\n`
  return new Promise((resolve) => {
    const wire = connect(Number(port), hostname, () => {
      wire.write(`${head}\r\n\r\n${part}`)
      wire.write(Buffer.concat([png, Buffer.alloc(bytes)]), () => wire.resetAndDestroy())
    })
    wire.on('error', () => {})
    wire.on('close', () => resolve())
  })
}

test('10 000 parts are too many', async () => {
  const fields = Array.from({ length: 10_000 }, (_, index) => `--b\r\nContent-Disposition: form-data; name="f${index}"\r\n\r\nx\r\n`)
  expect((await post(new Blob([`${fields.join('')}--b--\r\n`]), 'multipart/form-data; boundary=b')).status).toBe(400)
  const files = Array.from(
    { length: 10_000 },
    () => '--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\nx\r\n',
  )
  expect((await post(new Blob([`${files.join('')}--b--\r\n`]), 'multipart/form-data; boundary=b')).status).toBe(400)
})

test('a file of 25 MB and a byte is refused with 413', async () => {
  const { status } = await upload(mallory, Buffer.concat([png, Buffer.alloc(25 * 1024 * 1024 + 1 - png.length)]), 'a.png')
  expect(status).toBe(413)
})

test('a full disk is told as such, stores nothing, and takes files again when there is room', async () => {
  const before = (await mallory.get(`/api/chat/messages/?room=${room}`)).body.count
  const files = await open(chat.dataDir, 'r')
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const write = vi.spyOn(Object.getPrototypeOf(files), 'writeFile').mockRejectedValue(full)
  await files.close()
  const refused = await upload(mallory, png, 'a.png', { content: 'with a picture' })
  write.mockRestore()
  chat.saw(refused.body)
  expect(refused).toMatchObject({ status: 503, body: { detail: 'There is no room left to store files.' } })
  expect(await findStrayFiles(chat.db, chat.dataDir)).toEqual([])
  expect((await mallory.get(`/api/chat/messages/?room=${room}`)).body.count).toBe(before)
  expect((await upload(mallory, png, 'a.png')).status).toBe(201)
})

test('ranges give what is asked for or the whole file, never more than that', async () => {
  const { body } = await upload(mallory, png, 'a.png')
  const size = png.length
  const get = async (range: string) => {
    const response = await fetch(body.attachment, { headers: { range } })
    return [response.status, (await response.arrayBuffer()).byteLength]
  }
  expect(await get('bytes=0-0')).toEqual([206, 1])
  expect(await get('bytes=-1')).toEqual([206, 1])
  expect(await get(`bytes=0-${'9'.repeat(15)}`)).toEqual([206, size])
  const many = Array.from({ length: 1_000 }, () => '0-').join(',')
  for (const whole of [`bytes=${many}`, 'bytes=0-0,1-1', 'bytes=5-2', 'bytes=a-b', `bytes=${'9'.repeat(20)}-`, 'lines=0-1', 'bytes=--1'])
    expect(await get(whole), whole.slice(0, 40)).toEqual([200, size])
  const [beyond] = await get(`bytes=${size}-`)
  expect(beyond).toBe(416)
})
