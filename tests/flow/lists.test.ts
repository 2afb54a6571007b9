import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import type { Answer, Person } from '../support/person.ts'
import { badChoice, invalidPage, unknownId } from './support/bodies.ts'

const messages = '/api/chat/messages/'
const lists = ['/api/chat/rooms/', messages, '/api/chat/participants/']

let chat: TestChat
let alice: Person
let room: string
beforeAll(async () => {
  chat = await startChat()
  ;[alice] = await chat.newPeople('alice')
  room = await chat.group(alice)
  for (let number = 1; number <= 120; number++) await alice.say(room, `message ${number}`)
})
afterAll(() => chat.close())

const contentsOf = (answer: Answer) => answer.body.results.map((message: { content: string }) => message.content)
const numbered = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => `message ${from - index}`)

test('a page has 50 unless asked otherwise, and never more than 100', async () => {
  const sizes: [string, number][] = [
    ['', 50],
    ['&page_size=7', 7],
    ['&page_size=100', 100],
    ['&page_size=101', 100],
    ['&page_size=1000000', 100],
    ['&page_size=0', 50],
    ['&page_size=-3', 50],
    ['&page_size=abc', 50],
    ['&page_size=1.5', 50],
    ['&page_size=', 50],
    ['&page_size=99999999999999999999', 100],
  ]
  for (const [query, size] of sizes) {
    const { status, body } = await alice.get(`${messages}?room=${room}${query}`)
    expect({ query, status, count: body.count, length: body.results.length }).toEqual({ query, status: 200, count: 120, length: size })
  }
})

test('next and previous lead through the whole list and keep the other parameters', async () => {
  const first = await alice.get(`${messages}?room=${room}&page_size=50&unknown=a%26b`)
  expect(contentsOf(first)).toEqual(numbered(120, 71))
  expect(first.body.previous).toBeNull()
  const next = new URL(first.body.next)
  expect(next.origin).toBe(chat.url)
  expect(next.pathname).toBe(messages)
  expect(Object.fromEntries(next.searchParams)).toEqual({ room, page_size: '50', unknown: 'a&b', page: '2' })

  const second = await alice.get(first.body.next)
  expect(contentsOf(second)).toEqual(numbered(70, 21))
  const third = await alice.get(second.body.next)
  expect(contentsOf(third)).toEqual(numbered(20, 1))
  expect(third.body.next).toBeNull()
  expect(contentsOf(await alice.get(third.body.previous))).toEqual(contentsOf(second))
  const back = await alice.get(second.body.previous)
  expect(contentsOf(back)).toEqual(contentsOf(first))
  expect(Object.fromEntries(new URL(second.body.previous).searchParams)).toMatchObject({ room, page_size: '50', unknown: 'a&b' })
})

test('last is the last page, also of a list that fits on one', async () => {
  const last = await alice.get(`${messages}?room=${room}&page=last`)
  expect(contentsOf(last)).toEqual(numbered(20, 1))
  expect(last.body).toMatchObject({ count: 120, next: null, previous: expect.stringContaining('page=2') })
  expect(contentsOf(await alice.get(`${messages}?room=${room}&page=last&page_size=40`))).toEqual(numbered(40, 1))
  const only = await alice.get('/api/chat/rooms/?page=last')
  expect(only).toMatchObject({ status: 200, body: { count: 1, next: null, previous: null } })
})

test('an empty list has one page', async () => {
  const [nobody] = await chat.newPeople('nobody')
  for (const list of lists) {
    for (const query of ['', '?page=1', '?page=last']) {
      const { status, body } = await nobody.get(`${list}${query}`)
      expect({ status, body }).toEqual({ status: 200, body: { count: 0, next: null, previous: null, results: [] } })
    }
    expect(await nobody.get(`${list}?page=2`)).toMatchObject({ status: 404, body: invalidPage })
  }
})

test('a page that does not exist is not found', async () => {
  for (const list of lists) {
    for (const page of ['4', '0', '-1', '1.5', 'abc', 'LAST', '1e3', '1000000000000000', '9'.repeat(40), '%00', "1'--"]) {
      const { status, body } = await alice.get(`${list}?page=${page}`)
      expect({ list, page, status, body }).toEqual({ list, page, status: 404, body: invalidPage })
    }
  }
})

test('messages are sorted as asked, and filtered by type, sender and text', async () => {
  const [bob, carol] = await chat.newPeople('bob', 'carol')
  const mine = await chat.group(bob, carol)
  const other = await chat.group(bob)
  await bob.say(mine, 'Alpha 100%')
  await carol.say(mine, 'beta_two')
  await bob.say(other, 'gamma')
  const found = async (query: string) => contentsOf(await bob.get(`${messages}${query}`))
  expect(await found('')).toEqual(['gamma', 'beta_two', 'Alpha 100%'])
  expect(await found(`?room=${mine}`)).toEqual(['beta_two', 'Alpha 100%'])
  expect(await found(`?room=${mine}&ordering=created_at`)).toEqual(['Alpha 100%', 'beta_two'])
  expect(await found(`?room=${mine}&ordering=-created_at`)).toEqual(['beta_two', 'Alpha 100%'])
  expect(await found(`?sender=${carol.id}`)).toEqual(['beta_two'])
  expect(await found('?message_type=text')).toHaveLength(3)
  expect(await found('?message_type=image')).toEqual([])
  expect(await found('?search=ALPHA')).toEqual(['Alpha 100%'])
  expect(await found('?search=%25')).toEqual(['Alpha 100%'])
  expect(await found('?search=_')).toEqual(['beta_two'])
  expect(await found(`?room=${unknownId}`)).toEqual([])
  expect(await found(`?room=${room}`)).toEqual([])
  expect(await found(`?room=${mine.toUpperCase()}&sender=&nonsense=1`)).toHaveLength(2)
})

test('a filter with a bad value is refused by its name', async () => {
  const bad: [string, string, string][] = [
    [messages, 'room', 'abc'],
    [messages, 'room', '%00'],
    [messages, 'message_type', 'banana'],
    [messages, 'sender', 'abc'],
    [messages, 'sender', '9223372036854775808'],
    ['/api/chat/rooms/', 'room_type', 'banana'],
    ['/api/chat/rooms/', 'is_active', 'perhaps'],
    ['/api/chat/participants/', 'room', 'abc'],
    ['/api/chat/participants/', 'user', 'abc'],
    ['/api/chat/participants/', 'is_admin', 'perhaps'],
    ['/api/chat/typing/', 'room', 'abc'],
  ]
  for (const [list, field, value] of bad) {
    const { status, body } = await alice.get(`${list}?${field}=${value}`)
    expect({ list, field, status, body }).toEqual({ list, field, status: 400, body: { [field]: [badChoice] } })
  }
})
