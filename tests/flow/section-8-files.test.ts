import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { html, png } from '../support/sample-files.ts'

// Section 8 of the contract: "Files were public, checked by name only, and stayed after deletion."

const messages = '/api/chat/messages/'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

function upload(person: Person, room: string, content: Buffer) {
  const form = new FormData()
  form.set('room', room)
  form.set('attachment', new Blob([new Uint8Array(content)], { type: 'image/png' }), 'a.png')
  return person.post(messages, form)
}

test('files are not public', async () => {
  const [alice, mallory] = await chat.newPeople('alice', 'mallory')
  const room = await chat.group(alice)
  const { body } = await upload(alice, room, png)
  const bare = body.attachment.split('?')[0]
  expect((await fetch(bare)).status).toBe(403)
  expect((await mallory.get(bare)).status).toBe(403)
  expect((await alice.get(bare)).status).toBe(403)
  expect((await fetch(body.attachment.replace(`user=${alice.id}`, `user=${mallory.id}`))).status).toBe(403)
  expect((await mallory.get(`${messages}${body.id}/`)).status).toBe(404)
})

test('files are checked by their content too', async () => {
  const [alice] = await chat.newPeople('alice')
  const room = await chat.group(alice)
  const refused = await upload(alice, room, html)
  expect(refused).toMatchObject({ status: 400, body: { attachment: [expect.any(String)] } })
})

test('files do not stay after deletion', async () => {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const { body } = await upload(alice, room, png)
  const his = (await bob.get(`${messages}${body.id}/`)).body.attachment
  expect((await fetch(his)).status).toBe(200)
  await alice.delete(`${messages}${body.id}/`)
  for (const link of [his, body.attachment]) expect((await fetch(link)).status).toBe(404)
})
