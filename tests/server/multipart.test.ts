import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readMultipart, registerBodies } from '../../server/multipart.ts'
import { answerErrors } from '../../server/plugins/errors.ts'
import { openDiskStorage } from '../../server/storage/disk.ts'
import { createFolder, filesIn, openFilesIn } from '../support/folder.ts'
import { docx, gif, html, png, svg } from '../support/sample-files.ts'
import { until } from '../support/until.ts'

const megabyte = 1024 * 1024
let folder: Awaited<ReturnType<typeof createFolder>>
let url: string
const uploads: { failed: number; begun: number } = { failed: 0, begun: 0 }
const app = Fastify({ bodyLimit: megabyte }).withTypeProvider<ZodTypeProvider>()

beforeAll(async () => {
  folder = await createFolder()
  const storage = await openDiskStorage(folder.path)
  answerErrors(app)
  registerBodies(app)
  app.post('/upload/', { config: { readsMultipart: true } }, async (request) => {
    uploads.begun += 1
    const upload = await readMultipart(request, storage).catch((error) => {
      uploads.failed += 1
      throw error
    })
    return { fields: upload.fields, file: upload.file ?? null }
  })
  app.post('/fields/', async (request) => ({ body: request.body ?? null }))
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await app.close()
  await folder[Symbol.asyncDispose]()
})
beforeEach(async () => {
  Object.assign(uploads, { begun: 0, failed: 0 })
  stored = await filesIn(folder.path)
})
let stored: string[]

type Part = [name: string, value: string] | [name: string, bytes: Buffer, fileName: string]

function form(...parts: Part[]): FormData {
  const whole = new FormData()
  for (const [name, value, fileName] of parts) {
    if (typeof value === 'string') whole.append(name, value)
    else whole.append(name, new Blob([new Uint8Array(value)]), fileName)
  }
  return whole
}

type Answered = { fields?: Record<string, string>; file?: { name: string } | null; [field: string]: unknown }

async function post(path: string, body: RequestInit['body'], headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body, headers })
  const answered: Answered = JSON.parse(await answer.text())
  return { status: answer.status, body: answered }
}

/** A body as it is, also a wrong one. */
const raw = (...lines: string[]) => post('/upload/', lines.join('\r\n'), { 'content-type': 'multipart/form-data; boundary=b' })

async function expectNothingLeft() {
  expect(await filesIn(folder.path)).toEqual(stored)
  expect(await openFilesIn(folder.path)).toEqual([])
  expect(await post('/upload/', form(['content', 'still alive']))).toMatchObject({ status: 200 })
}

test('a file and its fields are read in whatever order they come', async () => {
  for (const parts of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const all: Part[] = [
      ['room', 'r1'],
      ['attachment', png, 'photo.png'],
      ['content', 'look'],
    ]
    const { status, body } = await post('/upload/', form(...parts.flatMap((index) => (all[index] ? [all[index]] : []))))
    expect(status).toBe(200)
    expect(body.fields).toEqual({ room: 'r1', content: 'look' })
    expect(body.file).toMatchObject({ name: 'photo.png', size: png.length, type: 'image/png', messageType: 'image' })
  }
})

test('a form without a file, with an empty file input, with a file alone', async () => {
  expect((await post('/upload/', form(['content', 'hi']))).body).toEqual({ fields: { content: 'hi' }, file: null })
  const input = await raw('--b', 'Content-Disposition: form-data; name="attachment"; filename=""', '', '', '--b--', '')
  expect(input.body).toEqual({ fields: {}, file: null })
  expect((await post('/upload/', form(['attachment', docx, 'letter.docx']))).body).toMatchObject({
    fields: {},
    file: { messageType: 'file' },
  })
})

test('an empty field is a missing one, save for the text', async () => {
  const { body } = await post('/upload/', form(['room', 'r1'], ['reply_to', ''], ['attachment', ''], ['content', '']))
  expect(body.fields).toEqual({ room: 'r1', content: '' })
})

test('exactly 25 MB are let in, and one byte more is not', async () => {
  const largest = Buffer.concat([gif, Buffer.alloc(25 * megabyte - gif.length)])
  expect(await post('/upload/', form(['attachment', largest, 'a.gif']))).toMatchObject({
    status: 200,
    body: { file: { size: 25 * megabyte } },
  })
  stored = await filesIn(folder.path)
  const tooMuch = Buffer.concat([largest, Buffer.alloc(1)])
  expect(await post('/upload/', form(['content', 'x'], ['attachment', tooMuch, 'a.gif']))).toEqual({
    status: 413,
    body: { detail: 'The file is too large: at most 25 MB.' },
  })
  await expectNothingLeft()
})

test('far more than 25 MB are refused before they are read, and one who sends for ever is cut off', async () => {
  expect(await post('/upload/', form(['attachment', Buffer.alloc(40 * megabyte), 'a.gif']))).toMatchObject({ status: 413 })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.write('POST /upload/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n')
  const head = '--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.gif"\r\n\r\n'
  socket.write(`${head.length.toString(16)}\r\n${head}\r\n`)
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(megabyte), Buffer.from('\r\n')])
  while (!socket.destroyed) {
    if (socket.write(chunk)) await turn()
    else await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))])
  }
  await closed
  await expectNothingLeft()
})

test.each<[string, Part[], Record<string, string[]>]>([
  [
    'an extension',
    [['attachment', html, 'run.exe']],
    { attachment: ['File extension “exe” is not allowed. Allowed extensions are: jpg, jpeg, png, gif, pdf, doc, docx, xls, xlsx.'] },
  ],
  ['HTML as png', [['attachment', html, 'a.png']], { attachment: ['The file’s content does not match its extension “png”.'] }],
  ['SVG as png', [['attachment', svg, 'a.png']], { attachment: ['The file’s content does not match its extension “png”.'] }],
  ['an empty file', [['attachment', Buffer.alloc(0), 'a.png']], { attachment: ['The submitted file is empty.'] }],
  [
    'another file',
    [
      ['attachment', png, 'a.png'],
      ['avatar', png, 'b.png'],
    ],
    { avatar: ['A file is not expected here.'] },
  ],
  [
    'two files',
    [
      ['attachment', png, 'a.png'],
      ['attachment', png, 'b.png'],
    ],
    { attachment: ['Only one file can be sent with a message.'] },
  ],
  [
    'no file but text',
    [['attachment', 'a.png']],
    { attachment: ['The submitted data was not a file. Check the encoding type on the form.'] },
  ],
  [
    'a huge field',
    [
      ['attachment', png, 'a.png'],
      ['content', 'x'.repeat(64 * 1024 + 1)],
    ],
    { content: ['Ensure this field has no more than 65536 bytes.'] },
  ],
])('refused, and no file is left: %s', async (_, parts, body) => {
  expect(await post('/upload/', form(...parts))).toEqual({ status: 400, body })
  await expectNothingLeft()
})

test.each([
  ['../../../etc/passwd.png', 'passwd.png'],
  ['/etc/cron.d/job.png', 'job.png'],
  ['C:\\Windows\\photo.png', 'photo.png'],
  [`${'a'.repeat(5_000)}.png`, `${'a'.repeat(251)}.png`],
  ['a\u202Egnp.png', 'agnp.png'],
  ['nul\0.png', 'nul.png'],
])('the name %j is harmless', async (sent, name) => {
  const opened = Buffer.from(`--b\r\nContent-Disposition: form-data; name="attachment"; filename="${sent}"\r\n\r\n`)
  const whole = new Uint8Array(Buffer.concat([opened, png, Buffer.from('\r\n--b--\r\n')]))
  const { body } = await post('/upload/', whole, { 'content-type': 'multipart/form-data; boundary=b' })
  expect(body.file?.name).toBe(name)
  expect((await filesIn(folder.path)).every((path) => /[0-9a-f]{40}$/.test(path))).toBe(true)
})

test('a name cannot bring a header of its own', async () => {
  const { status, body } = await post('/upload/', form(['attachment', png, 'a\r\nX-Evil: 1.png']))
  expect(status).toBe(200)
  expect(body.file?.name).toMatch(/^[^\r\n]+\.png$/)
})

test('10 000 parts are refused', async () => {
  const many = form(['attachment', png, 'a.png'])
  for (let index = 0; index < 10_000; index += 1) many.append(`field${index}`, 'x')
  expect(await post('/upload/', many)).toEqual({ status: 400, body: { detail: 'The form has too many parts.' } })
  expect(await post('/fields/', form(...Array.from({ length: 200 }, (): Part => ['a', 'x'])))).toMatchObject({ status: 400 })
  const files = form(...Array.from({ length: 10_000 }, (): Part => ['attachment', png, 'a.png']))
  expect(await post('/upload/', files)).toMatchObject({ status: 400 })
  await expectNothingLeft()
})

const opening = ['--b', 'Content-Disposition: form-data; name="attachment"; filename="a.png"', '']
test.each<[string, string[]]>([
  ['in the middle of the file', [...opening, 'PNG']],
  ['in the headers of a part', ['--b', 'Content-Disposition: form-']],
  ['before the last boundary', ['--b', 'Content-Disposition: form-data; name="content"', '', 'hi', '']],
  ['after a whole file', [...opening, png.toString('latin1'), '--b', 'Content-Disposition: form-data; name="content"', '', 'hi']],
  ['without any part', ['nonsense']],
])('a body that ends too early is refused: %s', async (_, lines) => {
  expect(await raw(...lines)).toMatchObject({ status: 400 })
  await expectNothingLeft()
})

test('a body without a boundary is refused', async () => {
  expect(await post('/upload/', 'x', { 'content-type': 'multipart/form-data' })).toMatchObject({ status: 400 })
  expect(await post('/fields/', 'x', { 'content-type': 'multipart/form-data' })).toMatchObject({ status: 400 })
})

test('a client that goes away in the middle leaves no file and no descriptor', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n')
  socket.write(`${opening.join('\r\n')}\r\nhalf a file`)
  await until(async () => (await filesIn(folder.path)).length > stored.length)
  socket.destroy()
  await until(() => uploads.failed === 1)
  await expectNothingLeft()
})

test('a client that goes away after the file leaves none either', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n')
  socket.write(
    Buffer.concat([Buffer.from(`${opening.join('\r\n')}\r\n`), png, Buffer.from('\r\n--b\r\nContent-Disposition: form-data; na')]),
  )
  await until(async () => (await filesIn(folder.path)).some((path) => !stored.includes(path) && !path.includes('incoming')))
  socket.destroy()
  await until(() => uploads.failed === 1)
  await expectNothingLeft()
})

test('names of the prototype are refused and change nothing', async () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(await post('/upload/', form([name, 'x'], ['content', 'hi']))).toMatchObject({ status: 400 })
    expect(await post('/fields/', form([name, 'x']))).toMatchObject({ status: 400 })
    expect(await post('/upload/', form([name, png, 'a.png']))).toMatchObject({ status: 400 })
  }
  expect(await post('/fields/', new URLSearchParams('__proto__=x&__proto__[y]=x&a=b'))).toMatchObject({
    status: 200,
    body: { body: { a: 'b' } },
  })
  expect(Object.keys(Object.prototype)).toEqual([])
  await expectNothingLeft()
})

test('other routes get the fields of a form as an object, repeated ones as arrays', async () => {
  const body = { name: 'Team', participant_ids: ['1', '2'], empty: '' }
  const parts: Part[] = [
    ['name', 'Team'],
    ['participant_ids', '1'],
    ['participant_ids', '2'],
    ['empty', ''],
  ]
  expect(await post('/fields/', form(...parts))).toEqual({ status: 200, body: { body } })
  const encoded = new URLSearchParams(parts.map(([name, value]): [string, string] => [name, String(value)]))
  expect(await post('/fields/', encoded)).toEqual({ status: 200, body: { body } })
})

test('other routes take no files and no more than their limit', async () => {
  expect(await post('/fields/', form(['name', png, 'a.png']))).toEqual({ status: 400, body: { name: ['A file is not expected here.'] } })
  const large = Array.from({ length: 20 }, (_, index): Part => [`f${index}`, 'x'.repeat(60 * 1024)])
  expect(await post('/fields/', form(...large))).toMatchObject({ status: 413 })
  expect(await post('/fields/', new URLSearchParams({ a: 'x'.repeat(megabyte + 1) }))).toMatchObject({ status: 413 })
})

test('a form sent to an address that is none is answered as such', async () => {
  expect(await post('/nowhere/', form(['a', png, 'a.png']))).toEqual({ status: 404, body: { detail: 'Not found.' } })
})
