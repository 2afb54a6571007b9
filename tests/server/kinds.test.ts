import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { requireContent, requireKind } from '../../server/storage/kinds.ts'
import { cleanFileName, contentDisposition, shownFileName } from '../../server/storage/names.ts'
import { compound, docx, gif, html, jpeg, pdf, png, svg, xlsx, zip } from '../support/sample-files.ts'

const check = (name: string, bytes: Buffer) => requireContent(name, Readable.from([bytes], { objectMode: false }))

test.each([
  ['a.jpg', jpeg, 'image/jpeg', 'image'],
  ['a.JPEG', jpeg, 'image/jpeg', 'image'],
  ['a.png', png, 'image/png', 'image'],
  ['a.gif', gif, 'image/gif', 'image'],
  ['a.pdf', pdf, 'application/pdf', 'file'],
  ['a.doc', compound, 'application/msword', 'file'],
  ['a.xls', compound, 'application/vnd.ms-excel', 'file'],
  ['a.docx', docx, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'file'],
  ['a.xlsx', xlsx, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'file'],
])('%s is let in', async (name, bytes, type, messageType) => {
  expect(await check(name, bytes)).toMatchObject({ type, messageType })
})

test.each([
  ['page.png', html],
  ['drawing.png', svg],
  ['drawing.gif', svg],
  ['photo.png', jpeg],
  ['photo.jpg', png],
  ['report.pdf', html],
  ['letter.docx', xlsx],
  ['sheet.xlsx', docx],
  ['archive.docx', zip({ 'virus.exe': 'MZ' })],
  ['archive.docx', Buffer.from('PK\x03\x04 and then nonsense')],
  ['old.doc', docx],
  ['cut.png', png.subarray(0, 4)],
])('%s whose content is something else is refused', async (name, bytes) => {
  const extension = name.split('.').at(-1)
  await expect(check(name, bytes)).rejects.toMatchObject({
    code: 'invalid',
    body: { attachment: [`The file’s content does not match its extension “${extension}”.`] },
  })
})

test('a large entry before the telling one does not hide what a docx is', async () => {
  const types =
    '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml" PartName="/word/document.xml"/></Types>'
  const filler = Array.from({ length: 40_000 }, (_, index) => index * 7919).join(' ')
  const late = zip({ 'word/media/1.txt': filler, '[Content_Types].xml': types, 'word/document.xml': '<x/>' })
  expect(await check('late.docx', late)).toMatchObject({ messageType: 'file' })
})

test('a failing disk is not the sender’s fault', async () => {
  const failing = new Readable({ read: () => failing.destroy(new Error('EIO')) })
  await expect(requireContent('a.png', failing)).rejects.toThrow('EIO')
})

test.each(['exe', 'svg', 'html', 'png.exe', 'pngx'])('the extension %s is refused in the old backend’s words', (extension) => {
  const last = extension.split('.').at(-1)
  expect(() => requireKind(`a.${extension}`)).toThrow(
    `File extension “${last}” is not allowed. Allowed extensions are: jpg, jpeg, png, gif, pdf, doc, docx, xls, xlsx.`,
  )
})

test.each([
  ['photo.png', 'photo.png'],
  ['../../etc/passwd.png', 'passwd.png'],
  ['/etc/photo.png', 'photo.png'],
  ['C:\\Users\\bob\\photo.png', 'photo.png'],
  ['pho\0to.png', 'photo.png'],
  ['a\r\nSet-Cookie: x.png', 'aSet-Cookie: x.png'],
  ['\u202Egnp.exe\u2066.png', 'gnp.exe.png'],
  ['  spaced .png ', 'spaced.png'],
  ['.png', 'attachment.png'],
  ['\0/.png', 'attachment.png'],
  ['photo.png. .', 'photo.png'],
  ['Überweisung 漢字.pdf', 'Überweisung 漢字.pdf'],
  ['', 'attachment'],
  ['..', 'attachment'],
])('the name %j becomes %j', (name, clean) => {
  expect(cleanFileName(name)).toBe(clean)
})

test('a name of 5 kB is cut to 255 characters and keeps its extension', () => {
  expect(cleanFileName(`${'a'.repeat(5_000)}.png`)).toBe(`${'a'.repeat(251)}.png`)
  expect([...cleanFileName(`${'😀'.repeat(2_500)}.png`)]).toHaveLength(255)
  expect(cleanFileName(`a.${'x'.repeat(5_000)}`)).toHaveLength(255)
})

test('a wanted name cannot change what the file is', () => {
  expect(shownFileName('IMG_1.png', 'Kitchen.PNG')).toBe('Kitchen.PNG')
  expect(shownFileName('IMG_1.png', 'run.html')).toBe('run.html.png')
  expect(shownFileName('IMG_1.png', ' ')).toBe('IMG_1.png')
  expect(shownFileName('IMG_1.png', null)).toBe('IMG_1.png')
})

test('a name goes into a header whole and cannot end it', () => {
  expect(contentDisposition('inline', 'naïve (1) 50% "x".png')).toBe(
    'inline; filename="na_ve (1) 50_ _x_.png"; filename*=UTF-8\'\'na%C3%AFve%20%281%29%2050%25%20%22x%22.png',
  )
  const odd = contentDisposition('attachment', 'a\r\nX: y"; filename="z\0\u{1F600}\uD800.pdf')
  expect(odd).toMatch(/^[\x20-\x7e]+$/)
  expect(odd).not.toContain('\n')
})
