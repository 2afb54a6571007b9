import { afterAll, beforeAll, expect, test } from 'vitest'
import { docx, html, png, svg } from '../support/sample-files.ts'
import { form, openUploadApp, type Part, type UploadApp } from '../support/upload-app.ts'

let app: UploadApp

beforeAll(async () => {
  app = await openUploadApp()
})
afterAll(() => app.close())

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
    const { status, body } = await app.post('/upload/', form(...parts.flatMap((index) => (all[index] ? [all[index]] : []))))
    expect(status).toBe(200)
    expect(body.fields).toEqual({ room: 'r1', content: 'look' })
    expect(body.file).toMatchObject({ name: 'photo.png', size: png.length, type: 'image/png', messageType: 'image' })
  }
})

test('a form without a file, with an empty file input, with a file alone', async () => {
  expect((await app.post('/upload/', form(['content', 'hi']))).body).toEqual({ fields: { content: 'hi' }, file: null })
  const input = await app.postRaw('--b\r\nContent-Disposition: form-data; name="attachment"; filename=""\r\n\r\n\r\n--b--\r\n')
  expect(input.body).toEqual({ fields: {}, file: null })
  expect((await app.post('/upload/', form(['attachment', docx, 'letter.docx']))).body).toMatchObject({
    fields: {},
    file: { messageType: 'file' },
  })
})

test('an empty field is a missing one, save for the text', async () => {
  const { body } = await app.post('/upload/', form(['room', 'r1'], ['reply_to', ''], ['attachment', ''], ['content', '']))
  expect(body.fields).toEqual({ room: 'r1', content: '' })
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
  const before = await app.files()
  expect(await app.post('/upload/', form(...parts))).toEqual({ status: 400, body })
  await app.expectOnly(before)
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
  const { body } = await app.postRaw(Buffer.concat([opened, png, Buffer.from('\r\n--b--\r\n')]))
  expect(body.file?.name).toBe(name)
  expect((await app.files()).every((path) => /[0-9a-f]{40}$/.test(path))).toBe(true)
})

test('a name cannot bring a header of its own', async () => {
  const { status, body } = await app.post('/upload/', form(['attachment', png, 'a\r\nX-Evil: 1.png']))
  expect(status).toBe(200)
  expect(body.file?.name).toMatch(/^[^\r\n]+\.png$/)
})
