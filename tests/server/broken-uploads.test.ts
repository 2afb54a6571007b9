import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gif, png } from '../support/sample-files.ts'
import { until } from '../support/until.ts'
import { form, megabyte, openUploadApp, type Part, type UploadApp } from '../support/upload-app.ts'

let app: UploadApp

beforeAll(async () => {
  app = await openUploadApp()
})
afterAll(() => app.close())

test('exactly 25 MB are let in, and one byte more is not', async () => {
  const largest = Buffer.concat([gif, Buffer.alloc(25 * megabyte - gif.length)])
  expect(await app.post('/upload/', form(['attachment', largest, 'a.gif']))).toMatchObject({
    status: 200,
    body: { file: { size: 25 * megabyte } },
  })
  const before = await app.files()
  const tooMuch = Buffer.concat([largest, Buffer.alloc(1)])
  expect(await app.post('/upload/', form(['content', 'x'], ['attachment', tooMuch, 'a.gif']))).toEqual({
    status: 413,
    body: { detail: 'The file is too large: at most 25 MB.' },
  })
  await app.expectOnly(before)
})

test('far more than 25 MB are refused before they are read, and one who sends for ever is cut off', async () => {
  const before = await app.files()
  expect(await app.post('/upload/', form(['attachment', Buffer.alloc(40 * megabyte), 'a.gif']))).toMatchObject({ status: 413 })
  const socket = connect(app.port, '127.0.0.1')
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
  await app.expectOnly(before)
})

test('10 000 parts are refused', async () => {
  const before = await app.files()
  const many = form(['attachment', png, 'a.png'])
  for (let index = 0; index < 10_000; index += 1) many.append(`field${index}`, 'x')
  expect(await app.post('/upload/', many)).toEqual({ status: 400, body: { detail: 'The form has too many parts.' } })
  expect(await app.post('/fields/', form(...Array.from({ length: 200 }, (): Part => ['a', 'x'])))).toMatchObject({ status: 400 })
  const files = form(...Array.from({ length: 10_000 }, (): Part => ['attachment', png, 'a.png']))
  expect(await app.post('/upload/', files)).toMatchObject({ status: 400 })
  await app.expectOnly(before)
})

const opening = ['--b', 'Content-Disposition: form-data; name="attachment"; filename="a.png"', '']
test.each<[string, string[]]>([
  ['in the middle of the file', [...opening, 'PNG']],
  ['in the headers of a part', ['--b', 'Content-Disposition: form-']],
  ['before the last boundary', ['--b', 'Content-Disposition: form-data; name="content"', '', 'hi', '']],
  ['after a whole file', [...opening, png.toString('latin1'), '--b', 'Content-Disposition: form-data; name="content"', '', 'hi']],
  ['without any part', ['nonsense']],
])('a body that ends too early is refused: %s', async (_, lines) => {
  const before = await app.files()
  expect(await app.postRaw(Buffer.from(lines.join('\r\n'), 'latin1'))).toMatchObject({ status: 400 })
  await app.expectOnly(before)
})

test('a body without a boundary is refused', async () => {
  expect(await app.post('/upload/', 'x', { 'content-type': 'multipart/form-data' })).toMatchObject({ status: 400 })
  expect(await app.post('/fields/', 'x', { 'content-type': 'multipart/form-data' })).toMatchObject({ status: 400 })
})

test('a client that goes away in the middle leaves no file and no descriptor', async () => {
  const before = await app.files()
  const socket = connect(app.port, '127.0.0.1')
  socket.write('POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n')
  socket.write(`${opening.join('\r\n')}\r\nhalf a file`)
  await until(async () => (await app.files()).length > before.length)
  const { failed } = app.uploads
  socket.destroy()
  await until(() => app.uploads.failed > failed)
  await app.expectOnly(before)
})

test('a client that goes away after the file leaves none either', async () => {
  const before = await app.files()
  const socket = connect(app.port, '127.0.0.1')
  socket.write('POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n')
  socket.write(
    Buffer.concat([Buffer.from(`${opening.join('\r\n')}\r\n`), png, Buffer.from('\r\n--b\r\nContent-Disposition: form-data; na')]),
  )
  await until(async () => (await app.files()).some((path) => !before.includes(path) && !path.includes('incoming')))
  const { failed } = app.uploads
  socket.destroy()
  await until(() => app.uploads.failed > failed)
  await app.expectOnly(before)
})
