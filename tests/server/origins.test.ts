import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'

const page = 'https://app.example'
let open: TestChat
let closed: TestChat
beforeAll(async () => {
  open = await startChat({ env: { ALLOWED_ORIGINS: page } })
  closed = await startChat()
})
afterAll(async () => {
  await open?.close()
  await closed?.close()
})

const preflight = (chat: TestChat, origin: string) =>
  fetch(`${chat.url}/api/chat/rooms/`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
  })

test('A page of an allowed origin may use the API with a token, never with a cookie', async () => {
  const asked = await preflight(open, page)
  expect(asked.status).toBe(204)
  expect(asked.headers.get('access-control-allow-origin')).toBe(page)
  expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
  expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
  const anna = await open.person('anna')
  const answer = await anna.request('GET', '/api/chat/rooms/', undefined, { origin: page })
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, page])
})

test('A refusal can be read there too', async () => {
  const refused = await fetch(`${open.url}/api/chat/rooms/`, { headers: { origin: page } })
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, page])
})

test('A page of any other origin may not', async () => {
  for (const [chat, origin] of [
    [open, 'https://evil.example'],
    [open, 'https://app.example.evil.example'],
    [open, 'null'],
    [closed, page],
  ] as const) {
    const headers = [(await preflight(chat, origin)).headers, (await fetch(`${chat.url}/api/chat/rooms/`, { headers: { origin } })).headers]
    expect(headers.map((each) => each.get('access-control-allow-origin'))).toEqual([null, null])
  }
})

test('The element is for every page, and asked for anew each time', async () => {
  const { status, headers } = await fetch(`${closed.url}/api/chat/aristay-chat.js`)
  expect(status).toBe(200)
  expect(Object.fromEntries(headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'no-cache',
    'content-type': 'text/javascript; charset=utf-8',
  })
})
