import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat, testPassword } from '../support/chat.ts'

let chat: TestChat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat.close())

const asked = { 'x-token-cookie': '1' }

async function signInByCookie() {
  const [person] = await chat.newPeople('cookie')
  person.access = ''
  const answer = await person.request('POST', '/api/token/', { username: person.username, password: testPassword }, asked)
  person.access = answer.body.access
  return { person, answer, cookie: cookieOf(answer.headers) }
}

const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(';')[0] ?? ''

test('who asks for a cookie gets the refresh token in one that no script and no other site can use, and nowhere else', async () => {
  const { answer } = await signInByCookie()
  expect(answer).toMatchObject({ status: 200, body: { access: expect.any(String), user: { username: expect.any(String) } } })
  expect(answer.body).not.toHaveProperty('refresh')
  expect(answer.headers.getSetCookie()[0]).toMatch(/^aristay_refresh=\S+; Max-Age=604800; Path=\/api\/token\/; HttpOnly; SameSite=Strict$/)
})

test('the cookie is exchanged for the next one, and is good for one use', async () => {
  const { person, cookie } = await signInByCookie()
  const next = await person.request('POST', '/api/token/refresh/', {}, { ...asked, cookie })
  expect(next).toMatchObject({ status: 200, body: { access: expect.any(String) } })
  expect(cookieOf(next.headers)).not.toBe(cookie)
  const again = await person.request('POST', '/api/token/refresh/', {}, { ...asked, cookie })
  expect(again).toMatchObject({ status: 401, body: { detail: 'Token is blacklisted' } })
})

test('a cookie without the header counts as no token: another site cannot send the header', async () => {
  const { person, cookie } = await signInByCookie()
  const refused = { status: 400, body: { refresh: ['This field is required.'] } }
  expect(await person.request('POST', '/api/token/refresh/', {}, { cookie })).toMatchObject(refused)
  expect(await person.request('POST', '/api/token/revoke/', {}, { cookie })).toMatchObject(refused)
})

test('signing out by the cookie ends the sign-in and takes the cookie away', async () => {
  const { person, cookie } = await signInByCookie()
  const out = await person.request('POST', '/api/token/revoke/', {}, { ...asked, cookie })
  expect(out.status).toBe(200)
  expect(out.headers.getSetCookie()[0]).toMatch(/^aristay_refresh=; Max-Age=0; Path=\/api\/token\/;/)
  expect((await person.get('/api/chat/rooms/')).status).toBe(401)
})

test('a cookie over https is never sent without it', async () => {
  const proxied = await startChat({ env: { TRUSTED_PROXIES: '1' } })
  const [person] = await proxied.newPeople('secure')
  const body = { username: person.username, password: testPassword }
  const answer = await person.request('POST', '/api/token/', body, { ...asked, 'x-forwarded-proto': 'https' })
  expect(answer.headers.getSetCookie()[0]).toContain('Secure')
  await proxied.close()
})
