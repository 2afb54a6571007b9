import { createHmac, pbkdf2Sync, randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { updateUserActive } from '../../db/queries/users.ts'
import { users } from '../../db/schema.ts'
import { startChat, type TestChat, testPassword } from '../support/chat.ts'
import { Person } from '../support/person.ts'

const signingKey = 'a key that the old backend has as well, and nobody else'
const noCredentials = { status: 401, body: { detail: 'No active account found with the given credentials' } }

let chat: TestChat
beforeAll(async () => {
  chat = await startChat({ env: { JWT_SIGNING_KEY: signingKey } })
})
afterAll(() => chat.close())

/** Somebody without tokens. */
const stranger = () => new Person(chat.url, 0, 'stranger')

/** A second sign-in of the same person. */
async function signInAgain(person: Person): Promise<Person> {
  const again = new Person(person.url, person.id, person.username)
  await again.signIn(testPassword)
  return again
}

/** A token as the old backend writes it. */
function djangoToken(claims: object): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const good = { token_type: 'access', exp: Math.floor(Date.now() / 1000) + 600, iat: 1, jti: randomUUID().replaceAll('-', '') }
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...good, ...claims })}`
  return `${input}.${createHmac('sha256', signingKey).update(input).digest('base64url')}`
}

function bearerOf(token: string): Person {
  const bearer = stranger()
  bearer.access = token
  return bearer
}

function accessRefused(message: string) {
  const messages = [{ token_class: 'AccessToken', token_type: 'access', message }]
  return { status: 401, body: { detail: 'Given token not valid for any token type', code: 'token_not_valid', messages } }
}

const refused = (detail: string) => ({ status: 401, body: { detail, code: 'token_not_valid' } })

test('signing in gives a pair and the user, as JSON or as a form, with or without the slash, and is not cached', async () => {
  const username = `eve.${randomUUID()}`
  const eve = await chat.person(username, { firstName: 'Eve', role: 'manager' })
  const form = new URLSearchParams({ username, password: testPassword })
  const answers = await Promise.all([
    stranger().post('/api/token/', { username, password: testPassword }),
    stranger().post('/api/token', { username, password: testPassword }),
    stranger().post('/api/token/', form),
  ])
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toEqual({
      access: expect.any(String),
      refresh: expect.any(String),
      user: { id: eve.id, username, email: `${username}@example.com`, role: 'manager', is_superuser: false },
    })
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  }
})

test('wrong, unknown and inactive get the same answer', async () => {
  const [bob] = await chat.newPeople('bob')
  const ivan = await chat.person(`ivan-${randomUUID()}`, { isActive: false })
  for (const [username, password] of [
    [bob.username, `${testPassword}!`],
    [bob.username.toUpperCase(), testPassword],
    [`${bob.username} `, testPassword],
    [`nobody-${randomUUID()}`, testPassword],
    [ivan.username, testPassword],
  ]) {
    expect(await stranger().post('/api/token/', { username, password })).toMatchObject(noCredentials)
  }
})

test('what is missing or malformed is named by field', async () => {
  const required = ['This field is required.']
  const blank = ['This field may not be blank.']
  for (const [body, expected] of [
    [{}, { username: required, password: required }],
    [undefined, { username: required, password: required }],
    [{ username: 'bob' }, { password: required }],
    [
      { username: '', password: '' },
      { username: blank, password: blank },
    ],
    [
      { username: null, password: ['x'] },
      { username: ['This field may not be null.'], password: ['Not a valid string.'] },
    ],
    [{ username: 'bob\0', password: 'x' }, { username: ['Null characters are not allowed.'] }],
  ] as const) {
    expect(await stranger().post('/api/token/', body)).toMatchObject({ status: 400, body: expected })
  }
  for (const path of ['refresh', 'verify']) {
    const field = path === 'verify' ? 'token' : 'refresh'
    expect(await stranger().post(`/api/token/${path}/`, {})).toMatchObject({ status: 400, body: { [field]: required } })
    expect(await stranger().post(`/api/token/${path}/`, { [field]: 5 })).toMatchObject({ status: 400 })
  }
})

test('a hash of the old backend signs in and is renewed; the renewed one signs in too', async () => {
  const [bob] = await chat.newPeople('bob')
  const digest = pbkdf2Sync('lètmein', 'seasalt', 1000, 32, 'sha256').toString('base64')
  await chat.db
    .update(users)
    .set({ passwordHash: `pbkdf2_sha256$1000$seasalt$${digest}` })
    .where(eq(users.id, bob.id))
  await bob.signIn('lètmein')
  const [row] = await chat.db.select().from(users).where(eq(users.id, bob.id))
  expect(row?.passwordHash).toMatch(/^\$argon2id\$/)
  await bob.signIn('lètmein')
})

test('repeated failures are throttled, also many at once and with a forged address, and for that username alone', async () => {
  const [bob, carol] = await chat.newPeople('bob', 'carol')
  const wrong = (number: number) =>
    stranger().request('POST', '/api/token/', { username: bob.username, password: 'wrong' }, { 'x-forwarded-for': `192.0.2.${number}` })
  const statuses = (await Promise.all(Array.from({ length: 20 }, (_, number) => wrong(number)))).map((answer) => answer.status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(10)
  expect(statuses.filter((status) => status === 429)).toHaveLength(10)
  const throttled = await stranger().post('/api/token/', { username: bob.username, password: testPassword })
  expect(throttled).toMatchObject({
    status: 429,
    body: { detail: expect.stringMatching(/^Request was throttled\. Expected available in \d+ seconds\.$/) },
  })
  expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(200)
  await carol.signIn(testPassword)
})

test('a refresh token gives a new pair once', async () => {
  const [bob] = await chat.newPeople('bob')
  const refreshed = await stranger().post('/api/token/refresh/', { refresh: bob.refresh })
  expect(refreshed).toMatchObject({ status: 200, body: { access: expect.any(String), refresh: expect.any(String) } })
  expect(Object.keys(refreshed.body)).toHaveLength(2)
  expect(await bearerOf(refreshed.body.access).get('/api/chat/rooms/')).toMatchObject({ status: 200 })
  expect(await stranger().post('/api/token/refresh/', { refresh: bob.refresh })).toMatchObject(refused('Token is blacklisted'))
  expect(await stranger().post('/api/token/verify/', { token: bob.refresh })).toMatchObject(refused('Token is blacklisted'))
  expect(await stranger().post('/api/token/refresh/', { refresh: refreshed.body.refresh })).toMatchObject({ status: 200 })
})

test('of ten refreshes with one token at once, one gets a pair', async () => {
  const [bob] = await chat.newPeople('bob')
  const answers = await Promise.all(Array.from({ length: 10 }, () => stranger().post('/api/token/refresh/', { refresh: bob.refresh })))
  expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, ...Array(9).fill(401)])
  for (const answer of answers.filter(({ status }) => status === 401)) expect(answer).toMatchObject(refused('Token is blacklisted'))
})

test('garbage, expired and wrong type are told apart at refresh', async () => {
  const [bob] = await chat.newPeople('bob')
  const expired = djangoToken({ token_type: 'refresh', exp: 1_000_000_000, user_id: String(bob.id) })
  for (const [refresh, detail] of [
    ['garbage', 'Token is invalid'],
    [`${bob.refresh}x`, 'Token is invalid'],
    ['x'.repeat(65_536), 'Token is invalid'],
    [expired, 'Token is expired'],
    [bob.access, 'Token has wrong type'],
  ] as const) {
    expect(await stranger().post('/api/token/refresh/', { refresh })).toMatchObject(refused(detail))
  }
})

test('verify takes both types and refuses the rest', async () => {
  const [bob] = await chat.newPeople('bob')
  for (const token of [bob.access, bob.refresh]) {
    expect(await stranger().post('/api/token/verify/', { token })).toMatchObject({ status: 200, body: {} })
  }
  expect(await stranger().post('/api/token/verify/', { token: 'garbage' })).toMatchObject(refused('Token is invalid'))
})

test('revoking ends the sign-in, its access tokens and its sockets, and no other sign-in', async () => {
  const [bob, alice] = await chat.newPeople('bob', 'alice')
  const elsewhere = await signInAgain(bob)
  const room = await chat.group(alice, bob)
  const [here, there] = await Promise.all([bob.connect(room), elsewhere.connect(room)])
  const revoked = await bob.post('/api/token/revoke/', { refresh: bob.refresh })
  expect(revoked).toMatchObject({ status: 200, body: { message: 'Token revoked successfully' } })
  expect(await here.closed).toBe(4401)
  expect(await bob.get('/api/chat/rooms/')).toMatchObject(accessRefused('Token is invalid'))
  expect(await stranger().post('/api/token/refresh/', { refresh: bob.refresh })).toMatchObject(refused('Token is blacklisted'))
  for (const token of [bob.access, bob.refresh]) {
    expect(await stranger().post('/api/token/verify/', { token })).toMatchObject(refused('Token is blacklisted'))
  }
  await alice.say(room, 'still there?')
  expect(await there.next('chat_message')).toMatchObject({ message: { content: 'still there?' } })
  expect(await elsewhere.get('/api/chat/rooms/')).toMatchObject({ status: 200 })
})

test('revoking a token that was used up ends what came of it', async () => {
  const [bob] = await chat.newPeople('bob')
  const elsewhere = await signInAgain(bob)
  const { body: next } = await stranger().post('/api/token/refresh/', { refresh: bob.refresh })
  expect(await elsewhere.post('/api/token/revoke/', { refresh: bob.refresh })).toMatchObject({ status: 200 })
  expect(await stranger().post('/api/token/refresh/', { refresh: next.refresh })).toMatchObject(refused('Token is blacklisted'))
  expect(await bearerOf(next.access).get('/api/chat/rooms/')).toMatchObject(accessRefused('Token is invalid'))
})

test("nobody revokes another's token, or without being signed in", async () => {
  const [bob, mallory] = await chat.newPeople('bob', 'mallory')
  expect(await mallory.post('/api/token/revoke/', { refresh: bob.refresh })).toMatchObject(refused('Token is invalid'))
  expect(await mallory.post('/api/token/revoke/', { refresh: mallory.access })).toMatchObject(refused('Token has wrong type'))
  expect(await mallory.post('/api/token/revoke/', {})).toMatchObject({ status: 400, body: { refresh: ['This field is required.'] } })
  const anonymous = await stranger().post('/api/token/revoke/', { refresh: bob.refresh })
  expect(anonymous).toMatchObject({ status: 401, body: { detail: 'Authentication credentials were not provided.' } })
  expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  expect(await stranger().post('/api/token/refresh/', { refresh: bob.refresh })).toMatchObject({ status: 200 })
})

test('without a token, or with a bad one, REST says what is wrong with it', async () => {
  const [bob] = await chat.newPeople('bob')
  const path = '/api/chat/rooms/'
  const anonymous = await stranger().get(path)
  expect(anonymous).toMatchObject({ status: 401, body: { detail: 'Authentication credentials were not provided.' } })
  expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  expect(await bearerOf('garbage').get(path)).toMatchObject(accessRefused('Token is invalid'))
  expect(await bearerOf(bob.refresh).get(path)).toMatchObject(accessRefused('Token has wrong type'))
  expect(await bearerOf(djangoToken({ user_id: '5', exp: 1_000_000_000 })).get(path)).toMatchObject(accessRefused('Token is expired'))
})

test("the old backend's tokens are good here, and name users who exist", async () => {
  const [bob] = await chat.newPeople('bob')
  for (const user_id of [bob.id, String(bob.id)]) {
    expect(await bearerOf(djangoToken({ user_id })).get('/api/chat/rooms/')).toMatchObject({ status: 200 })
  }
  for (const user_id of [2_147_483_647, 2_147_483_648, '999999999999999']) {
    const answer = await bearerOf(djangoToken({ user_id })).get('/api/chat/rooms/')
    expect(answer).toMatchObject({ status: 401, body: { detail: 'User not found', code: 'user_not_found' } })
  }
  const refresh = djangoToken({ token_type: 'refresh', user_id: String(bob.id) })
  const { status, body } = await stranger().post('/api/token/refresh/', { refresh })
  expect(status).toBe(200)
  expect(await bearerOf(body.access).get('/api/chat/rooms/')).toMatchObject({ status: 200 })
  expect(await stranger().post('/api/token/refresh/', { refresh })).toMatchObject(refused('Token is blacklisted'))
})

test('a refresh token of the old backend can be revoked, though it names no sign-in', async () => {
  const [bob] = await chat.newPeople('bob')
  const refresh = djangoToken({ token_type: 'refresh', user_id: String(bob.id) })
  expect(await bob.post('/api/token/revoke/', { refresh })).toMatchObject({ status: 200 })
  expect(await stranger().post('/api/token/refresh/', { refresh })).toMatchObject(refused('Token is blacklisted'))
  expect(await bob.get('/api/chat/rooms/')).toMatchObject({ status: 200 })
})

test('a deactivated user is out at once: by REST, at refresh, and at signing in', async () => {
  const [bob] = await chat.newPeople('bob')
  await updateUserActive(chat.db, bob.username, false)
  const inactive = { status: 401, body: { detail: 'User is inactive', code: 'user_inactive' } }
  expect(await bob.get('/api/chat/rooms/')).toMatchObject(inactive)
  expect(await stranger().post('/api/token/refresh/', { refresh: bob.refresh })).toMatchObject({
    status: 401,
    body: { detail: 'No active account found for the given token.', code: 'no_active_account' },
  })
  expect(await stranger().post('/api/token/', { username: bob.username, password: testPassword })).toMatchObject(noCredentials)
  await updateUserActive(chat.db, bob.username, true)
  expect(await stranger().post('/api/token/refresh/', { refresh: bob.refresh })).toMatchObject({ status: 200 })
})
