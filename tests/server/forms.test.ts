import { afterAll, beforeAll, expect, test } from 'vitest'
import { png } from '../support/sample-files.ts'
import { form, megabyte, openUploadApp, type Part, type UploadApp } from '../support/upload-app.ts'

let app: UploadApp

beforeAll(async () => {
  app = await openUploadApp()
})
afterAll(() => app.close())

test('names of the prototype are refused and change nothing', async () => {
  const before = await app.files()
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(await app.post('/upload/', form([name, 'x'], ['content', 'hi']))).toMatchObject({ status: 400 })
    expect(await app.post('/fields/', form([name, 'x']))).toMatchObject({ status: 400 })
    expect(await app.post('/upload/', form([name, png, 'a.png']))).toMatchObject({ status: 400 })
  }
  expect(await app.post('/fields/', new URLSearchParams('__proto__=x&__proto__[y]=x&a=b'))).toMatchObject({
    status: 200,
    body: { body: { a: 'b' } },
  })
  expect(Object.keys(Object.prototype)).toEqual([])
  await app.expectOnly(before)
})

test('other routes get the fields of a form as an object, repeated ones as arrays', async () => {
  const body = { name: 'Team', participant_ids: ['1', '2'], empty: '' }
  const parts: Part[] = [
    ['name', 'Team'],
    ['participant_ids', '1'],
    ['participant_ids', '2'],
    ['empty', ''],
  ]
  expect(await app.post('/fields/', form(...parts))).toEqual({ status: 200, body: { body } })
  const encoded = new URLSearchParams(parts.map(([name, value]): [string, string] => [name, String(value)]))
  expect(await app.post('/fields/', encoded)).toEqual({ status: 200, body: { body } })
})

test('other routes take no files and no more than their limit', async () => {
  expect(await app.post('/fields/', form(['name', png, 'a.png']))).toEqual({
    status: 400,
    body: { name: ['A file is not expected here.'] },
  })
  const large = Array.from({ length: 20 }, (_, index): Part => [`f${index}`, 'x'.repeat(60 * 1024)])
  expect(await app.post('/fields/', form(...large))).toMatchObject({ status: 413 })
  expect(await app.post('/fields/', new URLSearchParams({ a: 'x'.repeat(megabyte + 1) }))).toMatchObject({ status: 413 })
})

test('a form sent to an address that is none is answered as such', async () => {
  expect(await app.post('/nowhere/', form(['a', png, 'a.png']))).toEqual({ status: 404, body: { detail: 'Not found.' } })
})
