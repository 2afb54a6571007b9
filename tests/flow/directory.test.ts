import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

test('people are found by every word of a name, username or address; inactive ones and I are not', async () => {
  const mark = `m${randomUUID().slice(0, 8)}`
  const me = await chat.person(`${mark}-me`)
  const anna = await chat.person(`${mark}-anna`, { firstName: 'Anna', lastName: 'Lindqvist' })
  await chat.person(`${mark}-gone`, { firstName: 'Anna', lastName: 'Gone', isActive: false })
  const found = await me.get(`/api/chat/users/?search=${mark}+LIND`)
  const brief = { id: anna.id, username: anna.username, full_name: 'Anna Lindqvist', email: `${anna.username}@example.com` }
  expect(found).toMatchObject({ status: 200, body: { count: 1, next: null, previous: null, results: [brief] } })
  expect((await me.get(`/api/chat/users/?search=${mark}`)).body.count).toBe(1)
  expect((await me.get('/api/chat/users/?search=%25%25')).body.count).toBe(0)
  expect((await me.get('/api/chat/users/?search=%00')).status).toBe(400)
})

test('people come in pages', async () => {
  const mark = `p${randomUUID().slice(0, 8)}`
  const me = await chat.person(`${mark}-0`)
  for (const name of ['b', 'a', 'c']) await chat.person(`${mark}-${name}`, { firstName: name })
  const last = await me.get(`/api/chat/users/?search=${mark}&page_size=2&page=last`)
  expect(last.body).toMatchObject({ count: 3, next: null, results: [{ full_name: 'c' }] })
})

test('tasks and properties are found by their names', async () => {
  const mark = randomUUID().slice(0, 8)
  const me = await chat.person('finder')
  const task = await chat.task(`Deep clean ${mark}`)
  const property = await chat.property(`Ocean View ${mark}`)
  expect((await me.get(`/api/chat/tasks/?search=${mark}`)).body.results).toEqual([{ id: task, title: `Deep clean ${mark}` }])
  expect((await me.get(`/api/chat/properties/?search=view+${mark}`)).body.results).toEqual([{ id: property, name: `Ocean View ${mark}` }])
  me.access = ''
  for (const list of ['users', 'tasks', 'properties']) expect((await me.get(`/api/chat/${list}/`)).status).toBe(401)
})
