import { createHmac, pbkdf2Sync } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { users } from '../../db/schema.ts'
import { ConfigError, readAllInOneConfig } from '../../server/config.ts'
import { hashPassword } from '../../server/passwords.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'

const signingKey = 'a signing key of more than 32 bytes, for tests'
const issuer = 'https://aristay.example'
const now = () => Math.floor(Date.now() / 1000)

let chat: Attacked
beforeAll(async () => {
  chat = await startAttacked({ env: { JWT_SIGNING_KEY: signingKey, JWT_ISSUER: issuer }, relay: { sweepInterval: 50 } })
})
afterEach(() => chat.unharmed())
afterAll(() => chat.close())

const base64 = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

type Forgery = { header?: object; claims?: object; key?: string; signature?: string }

/** A token of user 1 that is good, but for what the forgery changes. */
function forge({ header = {}, claims = {}, key = signingKey, signature }: Forgery): string {
  const good = { token_type: 'access', exp: now() + 600, iat: now(), jti: 'f00d', user_id: String(chat.honest.alice.id), iss: issuer }
  const input = `${base64({ alg: 'HS256', typ: 'JWT', ...header })}.${base64({ ...good, ...claims })}`
  return `${input}.${
    signature ??
    createHmac('sha256', key || Buffer.alloc(0))
      .update(input)
      .digest('base64url')
  }`
}

const forgeries: [string, () => string][] = [
  ['alg none without a signature', () => forge({ header: { alg: 'none' }, signature: '' })],
  ['alg none with a signature', () => forge({ header: { alg: 'none' } })],
  ['alg NoNe', () => forge({ header: { alg: 'NoNe' }, signature: '' })],
  ['an empty signature', () => forge({ signature: '' })],
  ['an empty key', () => forge({ key: '' })],
  ['another key', () => forge({ key: 'another key that also has more than 32 bytes' })],
  ['another algorithm named', () => forge({ header: { alg: 'HS512' } })],
  ['an unknown kid and its key', () => forge({ header: { kid: '../../dev/null' }, key: '' })],
  ['no exp', () => forge({ claims: { exp: undefined } })],
  ['a past exp', () => forge({ claims: { exp: now() - 1 } })],
  ['an exp that is text', () => forge({ claims: { exp: String(now() + 600) } })],
  ['an exp of 10^18', () => forge({ claims: { exp: 1e18 } })],
  ['an infinite exp', () => forge({ signature: 'x', claims: { exp: Number.MAX_VALUE } })],
  ['a nbf in an hour', () => forge({ claims: { nbf: now() + 3_600 } })],
  ['another issuer', () => forge({ claims: { iss: 'https://evil.example' } })],
  ['no issuer', () => forge({ claims: { iss: undefined } })],
  ['no token_type', () => forge({ claims: { token_type: undefined } })],
  ['a refresh token', () => forge({ claims: { token_type: 'refresh' } })],
  ['a user_id that is an object', () => forge({ claims: { user_id: { $gt: 0 } } })],
  ['a user_id that is a list', () => forge({ claims: { user_id: [chat.honest.alice.id] } })],
  ['a user_id beyond every id', () => forge({ claims: { user_id: '999999999999999' } })],
  ['a user_id of 0', () => forge({ claims: { user_id: 0 } })],
  ['a jti with a NUL', () => forge({ claims: { jti: 'a\0b' } })],
  ['64 kB', () => forge({ claims: { padding: 'x'.repeat(48 * 1024) } })],
  ['payload that is no JSON', () => `${base64({ alg: 'HS256' })}.${base64('not json')}.x`],
  ['dots', () => '...'],
]

test.each(forgeries)('a token with %s opens neither REST nor a socket', async (name, make) => {
  const token = make()
  const inHeader = await fetch(`${chat.url}/api/chat/rooms/`, { headers: { authorization: `Bearer ${token.slice(0, 12_000)}` } })
  expect(inHeader.status).toBe(401)
  chat.saw(await inHeader.text())
  const { status, body } = await chat.honest.bob.request('POST', '/api/token/verify/', { token }, { authorization: '' })
  // Verifying asks neither for a type nor for the user.
  const isWellMade = name === 'a refresh token' || name === 'a user_id beyond every id'
  expect(isWellMade ? [200, 401] : [400, 401]).toContain(status)
  chat.saw(body)
  const upgrade = await chat.raw(upgradeRequest(`/ws/chat/?token=${token.slice(0, 12_000)}`))
  expect(upgrade).toMatch(/^HTTP\/1\.1 401 /)
})

function upgradeRequest(path: string): string {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  return `${[...lines, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='].join('\r\n')}\r\n\r\n`
}

test('a crit that nobody understands makes the token nobody’s', async () => {
  const token = forge({ header: { crit: ['exp', 'unknown'] } })
  expect((await fetch(`${chat.url}/api/chat/rooms/`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
})

test('64 kB of token are too much for a header, and the next request is answered', async () => {
  const answer = await chat.raw(`GET /api/chat/rooms/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'x'.repeat(65_536)}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
})

test('two tokens in an address are none', async () => {
  const { access } = chat.honest.alice
  expect(await chat.raw(upgradeRequest(`/ws/chat/?token=${access}&token=${access}`))).toMatch(/^HTTP\/1\.1 401 /)
  expect(await chat.raw(upgradeRequest(`/ws/chat/?token=x&token=${access}`))).toMatch(/^HTTP\/1\.1 401 /)
})

test('an access token refreshes nothing, and a refresh token is good for one pair', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const wrong = await mallory.post('/api/token/refresh/', { refresh: mallory.access })
  expect(wrong).toMatchObject({ status: 401, body: { detail: 'Token has wrong type' } })
  const both = await Promise.all([1, 2, 3, 4].map(() => mallory.post('/api/token/refresh/', { refresh: mallory.refresh })))
  expect(both.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
})

test('a token that expires while its socket is open closes it with 4401', async () => {
  const [mallory] = await chat.newPeople('mallory')
  mallory.access = forge({ claims: { user_id: mallory.id, exp: now() + 2 } })
  const socket = await mallory.connect()
  expect(await socket.closed).toBe(4401)
})

test('a revoked sign-in closes its sockets with 4401 and leaves those of another', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const other = { ...mallory, access: mallory.access }
  const [first, wide] = await Promise.all([mallory.connect(), mallory.connect()])
  await mallory.signIn('correct horse battery')
  const second = await mallory.connect()
  await fetch(`${chat.url}/api/token/revoke/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${other.access}`, 'content-type': 'application/json' },
    body: JSON.stringify({ refresh: other.refresh }),
  })
  expect(await Promise.all([first.closed, wide.closed])).toEqual([4401, 4401])
  await second.settled()
})

test('a deactivated user loses his sockets with 4401 and his access by REST', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const socket = await mallory.connect()
  await chat.db.update(users).set({ isActive: false, sessionVersion: sql`session_version + 1` }).where(eq(users.id, mallory.id))
  expect(await socket.closed).toBe(4401)
  const { status, body } = await mallory.get('/api/chat/rooms/')
  expect({ status, body }).toEqual({ status: 401, body: { detail: 'User is inactive', code: 'user_inactive' } })
})

test('a socket takes no newer token of another user, nor a forged one', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const socket = await mallory.connect()
  for (const token of [chat.honest.alice.access, forge({ key: 'another key that also has more than 32 bytes' }), mallory.refresh]) {
    socket.send({ type: 'refresh_token', token })
    await socket.next('error')
  }
  expect(socket.ofType('token_refreshed')).toEqual([])
})

test('a signing key under 32 bytes is refused at the start', () => {
  for (const key of ['', 'short', 'x'.repeat(31)].filter(Boolean)) {
    expect(() => readAllInOneConfig({ JWT_SIGNING_KEY: key })).toThrow(ConfigError)
    expect(() => readAllInOneConfig({ JWT_SIGNING_KEY: key })).not.toThrow(key)
  }
})

const kinds = {
  'our own': () => hashPassword('right'),
  "the old backend's": async () => `pbkdf2_sha256$400000$salt$${pbkdf2Sync('right', 'salt', 400_000, 32, 'sha256').toString('base64')}`,
}

test.each(Object.entries(kinds))(
  'a name that nobody has takes as long as a wrong password, with hashes that are %s',
  async (_kind, hash) => {
    const [known] = await chat.newPeople('known')
    await chat.db.update(users).set({ passwordHash: await hash() })
    const timed = async (username: string) => {
      const start = performance.now()
      const { status, body } = await known.request('POST', '/api/token/', { username, password: 'wrong' })
      expect([status, body]).toEqual([401, { detail: 'No active account found with the given credentials' }])
      return performance.now() - start
    }
    const times = { known: [] as number[], nobody: [] as number[] }
    for (let round = 0; round < 9; round++) {
      times.known.push(await timed(known.username))
      times.nobody.push(await timed(`nobody-${round}`))
    }
    const [one, other] = [median(times.known), median(times.nobody)]
    expect(Math.max(one, other) / Math.min(one, other)).toBeLessThan(2.5)
  },
)

function median(times: number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
}

test('after ten wrong passwords the eleventh answer is 429, also for the right one', async () => {
  const [mallory] = await chat.newPeople('mallory')
  const guess = (password: string) => mallory.request('POST', '/api/token/', { username: mallory.username, password })
  for (let count = 0; count < 10; count++) expect((await guess(`wrong ${count}`)).status).toBe(401)
  const throttled = await guess('correct horse battery')
  expect(throttled.status).toBe(429)
  expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0)
})
