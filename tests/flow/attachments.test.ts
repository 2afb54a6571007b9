import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Answer, Person } from '../support/person.ts'
import { compound, docx, gif, html, jpeg, pdf, png, svg, xlsx } from '../support/sample-files.ts'
import { required } from './support/bodies.ts'

const messages = '/api/chat/messages/'
const allowed = 'jpg, jpeg, png, gif, pdf, doc, docx, xls, xlsx'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

function upload(person: Person, room: string, name: string, content: Buffer, fields: Record<string, string> = {}): Promise<Answer> {
  const form = new FormData()
  for (const [field, value] of Object.entries({ room, ...fields })) form.set(field, value)
  form.set('attachment', new Blob([new Uint8Array(content)], { type: 'text/html' }), name)
  return person.post(messages, form)
}

/** Follows a link as an `<img>` does: without headers. */
async function open(link: string): Promise<{ status: number; bytes: Buffer; headers: Headers }> {
  const response = await fetch(link)
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers }
}

async function filesOnDisk(): Promise<number> {
  const names = await readdir(join(chat.dataDir, 'attachments'), { recursive: true, withFileTypes: true })
  return names.filter((entry) => entry.isFile()).length
}

test('every kind of file is taken, and decides the type of its message', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const kinds: [string, Buffer, string][] = [
    ['a.jpg', jpeg, 'image'],
    ['a.jpeg', jpeg, 'image'],
    ['A.PNG', png, 'image'],
    ['a.gif', gif, 'image'],
    ['a.pdf', pdf, 'file'],
    ['a.doc', compound, 'file'],
    ['a.docx', docx, 'file'],
    ['a.xls', compound, 'file'],
    ['a.xlsx', xlsx, 'file'],
  ]
  for (const [name, content, type] of kinds) {
    const { status, body } = await upload(alice, room, name, content, { message_type: 'text' })
    const { message_type, attachment_name, attachment_size, content: text } = body
    expect({ status, message_type, attachment_name, attachment_size, text }).toEqual({
      status: 201,
      message_type: type,
      attachment_name: name,
      attachment_size: content.length,
      text: '',
    })
  }
})

test('the link opens without headers, harmless and under its own name', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const { body } = await upload(alice, room, 'Grün (1).png', png, { content: ' look ' })
  expect(body.content).toBe('look')
  const seen = (await bob.get(`${messages}${body.id}/`)).body
  for (const link of [body.attachment, seen.attachment]) {
    expect(link).toMatch(new RegExp(`^${chat.url}/api/chat/attachments/${body.id}/\\?`))
    const { status, bytes, headers } = await open(link)
    expect({ status, bytes }).toEqual({ status: 200, bytes: png })
    expect(headers.get('content-type')).toBe('image/png')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(headers.get('content-disposition')).toBe(`inline; filename="Gr_n (1).png"; filename*=UTF-8''Gr%C3%BCn%20%281%29.png`)
  }
  expect(seen.attachment).not.toBe(body.attachment)
})

test('an altered link opens nothing', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const one = (await upload(alice, room, 'a.png', png)).body
  const two = (await upload(alice, room, 'b.png', png)).body
  const bare = one.attachment.split('?')[0]
  const links = [one.attachment.replace(one.id, two.id), `${one.attachment}x`, one.attachment.replace(/expires=\d/, 'expires=9'), bare]
  for (const link of links) expect((await open(link)).status).toBe(403)
})

test("the file of a deleted message can no longer be opened, and is gone from the server's disk", async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const before = await filesOnDisk()
  const { body } = await upload(alice, room, 'a.png', png)
  const seen = (await bob.get(`${messages}${body.id}/`)).body
  expect(await filesOnDisk()).toBe(before + 1)
  await alice.delete(`${messages}${body.id}/`)
  expect((await open(body.attachment)).status).toBe(404)
  expect((await open(seen.attachment)).status).toBe(404)
  expect(await filesOnDisk()).toBe(before)
})

test('a removed member opens no file any more, and those who stay do', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const { body } = await upload(alice, room, 'a.png', png)
  const his = (await bob.get(`${messages}${body.id}/`)).body.attachment
  expect((await open(his)).status).toBe(200)
  const { results } = (await alice.get(`/api/chat/participants/?room=${room}&user=${bob.id}`)).body
  await alice.delete(`/api/chat/participants/${results[0].id}/`)
  expect((await open(his)).status).toBe(404)
  expect((await open(body.attachment)).status).toBe(200)
  await alice.delete(`/api/chat/rooms/${room}/`)
  expect((await open(body.attachment)).status).toBe(404)
})

test('other extensions are refused by name, and contents that are not what their name says', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const before = await filesOnDisk()
  for (const [name, content] of [
    ['virus.exe', png],
    ['page.html', html],
    ['image.svg', svg],
    ['a.png.exe', png],
  ] as const) {
    const extension = name.split('.').at(-1)
    const text = `File extension “${extension}” is not allowed. Allowed extensions are: ${allowed}.`
    const { status, body } = await upload(alice, room, name, content)
    expect({ status, body }).toEqual({ status: 400, body: { attachment: [text] } })
  }
  for (const [name, content] of [
    ['a.png', html],
    ['a.png', svg],
    ['a.png', jpeg],
    ['a.pdf', docx],
    ['a.png', Buffer.alloc(0)],
    ['noextension', png],
  ] as const) {
    const { status, body } = await upload(alice, room, name, content)
    expect({ name, status, body }).toEqual({ name, status: 400, body: { attachment: [expect.any(String)] } })
  }
  expect(await filesOnDisk()).toBe(before)
  expect((await alice.get(`${messages}?room=${room}`)).body.count).toBe(0)
})

test('a file has at most 25 MB', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const largest = 25 * 1024 * 1024
  const before = await filesOnDisk()
  const tooLarge = await upload(alice, room, 'a.pdf', Buffer.concat([pdf, Buffer.alloc(largest + 1 - pdf.length)]))
  expect(tooLarge).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
  expect(await filesOnDisk()).toBe(before)
  const exact = await upload(alice, room, 'a.pdf', Buffer.concat([pdf, Buffer.alloc(largest - pdf.length)]))
  expect(exact).toMatchObject({ status: 201, body: { attachment_size: largest } })
})

test('no file is kept of a message that is refused', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  const before = await filesOnDisk()
  const notIn = { status: 400, body: { room: ['You are not a participant in this room'] } }
  expect(await upload(mallory, room, 'a.png', png)).toMatchObject(notIn)
  expect(await upload(alice, room, 'a.png', png, { content: 'x'.repeat(10_001) })).toMatchObject({ status: 400 })
  expect(await upload(alice, room, 'a.png', png, { reply_to: room })).toMatchObject({ status: 400 })
  expect(await upload(alice, 'abc', 'a.png', png)).toMatchObject({ status: 400, body: { room: ['Must be a valid UUID.'] } })
  expect(await filesOnDisk()).toBe(before)
})

test('attachment_name is the name that is shown, with the extension of the file', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  for (const [wanted, shown] of [
    ['Floor plan.png', 'Floor plan.png'],
    ['evil.exe', 'evil.exe.png'],
    ['../../etc/passwd', 'passwd.png'],
    ['', 'a.png'],
  ] as const) {
    const { body } = await upload(alice, room, 'a.png', png, { attachment_name: wanted })
    expect(body.attachment_name).toBe(shown)
  }
})

test('a form without a file needs a text, and text is no file', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const form = new FormData()
  form.set('room', room)
  expect(await alice.post(messages, form)).toMatchObject({ status: 400, body: { content: [required] } })
  form.set('content', ' ')
  expect(await alice.post(messages, form)).toMatchObject({ status: 400, body: { content: ['This field may not be blank.'] } })
  form.set('attachment', 'a.png')
  expect(await alice.post(messages, form)).toMatchObject({ status: 400, body: { attachment: [expect.any(String)] } })
})

test('a file reaches the sockets by its name, without a link that opens for everybody', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const socket = await bob.connect(room)
  const { body } = await upload(alice, room, 'a.png', png)
  const { message } = await socket.next('chat_message')
  expect(message).toMatchObject({ id: body.id, message_type: 'image', attachment_name: 'a.png', attachment_size: png.length })
  expect(JSON.stringify(message)).not.toContain('signature')
})
