import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import { afterEach, expect, test, vi } from 'vitest'
import { ChatError } from '../../schemas/errors.ts'
import { createTokens, jwtOptions, type Tokens, type TokenType } from '../../server/tokens.ts'

const signingKey = 'a signing key of more than 32 bytes, for tests'
const issuer = 'https://aristay.example'
const bob = { id: 5, username: 'bob', email: 'bob@example.com', role: 'staff', isSuperuser: false } as const
const now = () => Math.floor(Date.now() / 1000)

async function tokensOf(options: { signingKey: string; issuer?: string }): Promise<Tokens> {
  const app = fastify()
  await app.register(fastifyJwt, jwtOptions(options))
  return createTokens(app.jwt, options)
}

const tokens = await tokensOf({ signingKey })
const tokensOfIssuer = await tokensOf({ signingKey, issuer })

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

type Forgery = { header?: object; claims?: object; key?: string | Buffer; hash?: string; signature?: string }

/** A token as Django's SimpleJWT writes it, signed by the right key unless the forgery says otherwise. */
function forge({ header = {}, claims = {}, key = signingKey, hash = 'sha256', signature }: Forgery = {}): string {
  const good = { token_type: 'access', exp: now() + 600, iat: now(), jti: 'f3b1c0ffee', user_id: '5', username: 'bob' }
  const input = `${base64({ alg: 'HS256', typ: 'JWT', ...header })}.${base64({ ...good, ...claims })}`
  return `${input}.${signature ?? createHmac(hash, key).update(input).digest('base64url')}`
}

function refusalOf(token: string, accepted: TokenType | 'any' = 'access', by = tokens): ChatError {
  try {
    by.verify(token, accepted)
  } catch (error) {
    if (error instanceof ChatError) return error
    throw error
  }
  throw new Error('the token was taken')
}

function accessBody(message: string) {
  return {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  }
}

afterEach(() => {
  vi.useRealTimers()
})

test('a pair is good, names its sign-in, and says what the contract says', async () => {
  const pair = tokensOfIssuer.issuePair(bob)
  const access = tokensOfIssuer.verify(pair.access, 'access')
  const refresh = tokensOfIssuer.verify(pair.refresh, 'refresh')
  expect(access).toMatchObject({ token_type: 'access', user_id: 5, sid: pair.session })
  expect(refresh).toMatchObject({ token_type: 'refresh', user_id: 5, sid: pair.session })
  expect(access.jti).not.toBe(refresh.jti)
  const [, payload = ''] = pair.access.split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    token_type: 'access',
    exp: expect.any(Number),
    iat: expect.any(Number),
    jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    user_id: '5',
    username: 'bob',
    email: 'bob@example.com',
    role: 'staff',
    is_superuser: false,
    iss: issuer,
    sid: pair.session,
  })
})

test('access lives 30 minutes and refresh 7 days, and neither is good at the second in which it expires', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
  const { access, refresh } = tokens.issuePair(bob)
  vi.setSystemTime(1_800_000_000_000 + 30 * 60_000 - 1)
  expect(tokens.verify(access, 'access').exp).toBe(1_800_001_800)
  vi.setSystemTime(1_800_000_000_000 + 30 * 60_000)
  expect(refusalOf(access).body).toEqual(accessBody('Token is expired'))
  vi.setSystemTime(1_800_000_000_000 + 7 * 86_400_000 - 1)
  expect(tokens.verify(refresh, 'refresh').token_type).toBe('refresh')
  vi.setSystemTime(1_800_000_000_000 + 7 * 86_400_000)
  expect(refusalOf(refresh, 'refresh').body).toEqual({ detail: 'Token is expired', code: 'token_not_valid' })
})

test('the next pair of a sign-in keeps its name', () => {
  const first = tokens.issuePair(bob)
  const next = tokens.issuePair(bob, first.session)
  expect(next.session).toBe(first.session)
  expect(tokens.verify(next.access, 'access').sid).toBe(first.session)
})

test("Django's tokens are good here: user_id as a string or an integer, no sid", () => {
  expect(tokens.verify(forge(), 'access')).toMatchObject({ user_id: 5, jti: 'f3b1c0ffee' })
  expect(tokens.verify(forge({ claims: { user_id: 5 } }), 'access').user_id).toBe(5)
  expect(tokens.verify(forge({ claims: { user_id: 5 } }), 'access').sid).toBeUndefined()
})

test('a token of the wrong type is told so', () => {
  const { access, refresh } = tokens.issuePair(bob)
  expect(refusalOf(refresh, 'access').body).toEqual(accessBody('Token has wrong type'))
  expect(refusalOf(access, 'refresh').body).toEqual({ detail: 'Token has wrong type', code: 'token_not_valid' })
  expect(tokens.verify(access, 'any').token_type).toBe('access')
  expect(tokens.verify(refresh, 'any').token_type).toBe('refresh')
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsaInput = `${base64({ alg: 'RS256', typ: 'JWT' })}.${base64({ token_type: 'access', exp: now() + 600, jti: 'a', user_id: 5 })}`
const [goodHeader, goodPayload, goodSignature = ''] = forge().split('.')

const attacks: Record<string, string> = {
  nothing: '',
  garbage: 'garbage',
  'two dots': '..',
  'four parts': `${forge()}.more`,
  'no signature part': `${goodHeader}.${goodPayload}`,
  'a line break behind': `${forge()}\n`,
  'padding in the signature': `${forge()}=`,
  'alg none without signature': forge({ header: { alg: 'none' }, signature: '' }),
  'alg None with a signature': forge({ header: { alg: 'None' } }),
  'alg nOnE without signature': forge({ header: { alg: 'nOnE' }, signature: '' }),
  'no alg': forge({ header: { alg: undefined } }),
  'alg as a list': forge({ header: { alg: ['HS256'] } }),
  'alg HS512 by the right key': forge({ header: { alg: 'HS512' }, hash: 'sha512' }),
  'alg HS384 by the right key': forge({ header: { alg: 'HS384' }, hash: 'sha384' }),
  'alg RS256': `${rsaInput}.${signWith('sha256', Buffer.from(rsaInput), rsa.privateKey).toString('base64url')}`,
  'an empty signature': forge({ signature: '' }),
  'half a signature': forge({ signature: goodSignature.slice(0, 20) }),
  'an empty key': forge({ key: '' }),
  'a key of zeros': forge({ key: Buffer.alloc(32) }),
  'another key': forge({ key: `${signingKey}!` }),
  'an unknown kid and an empty key': forge({ header: { kid: '../../dev/null' }, key: '' }),
  'a jwk of its own': forge({ header: { jwk: { kty: 'oct', k: 'YWJj' } }, key: 'abc' }),
  'a payload that was changed': `${goodHeader}.${base64({ token_type: 'access', exp: now() + 600, jti: 'a', user_id: 1 })}.${goodSignature}`,
  'crit with what is not understood': forge({ header: { crit: ['b64'], b64: false } }),
  'crit with a claim': forge({ header: { crit: ['exp'], exp: 1 } }),
  'an empty crit': forge({ header: { crit: [] } }),
  'no exp': forge({ claims: { exp: undefined } }),
  'exp null': forge({ claims: { exp: null } }),
  'exp as a string': forge({ claims: { exp: String(now() + 600) } }),
  'exp as a list': forge({ claims: { exp: [now() + 600] } }),
  'a broken exp': forge({ claims: { exp: now() + 600.5 } }),
  'a huge exp': forge({ claims: { exp: 1e300 } }),
  'the largest safe exp': forge({ claims: { exp: Number.MAX_SAFE_INTEGER } }),
  'exp in milliseconds': forge({ claims: { exp: Date.now() + 600_000 } }),
  'exp in ten years': forge({ claims: { exp: now() + 10 * 365 * 86_400 } }),
  'iat far ahead': forge({ claims: { iat: now() + 3_600 } }),
  'nbf far ahead': forge({ claims: { nbf: now() + 3_600 } }),
  'nbf as a string': forge({ claims: { nbf: '0' } }),
  'iat as an object': forge({ claims: { iat: {} } }),
  'user_id as an object': forge({ claims: { user_id: { $gt: 0 } } }),
  'user_id as a list': forge({ claims: { user_id: [5] } }),
  'user_id true': forge({ claims: { user_id: true } }),
  'user_id 0': forge({ claims: { user_id: 0 } }),
  'user_id -5': forge({ claims: { user_id: -5 } }),
  'user_id 5.5': forge({ claims: { user_id: 5.5 } }),
  'user_id as SQL': forge({ claims: { user_id: '5 or 1=1' } }),
  'no user_id': forge({ claims: { user_id: undefined } }),
  'no jti': forge({ claims: { jti: undefined } }),
  'an empty jti': forge({ claims: { jti: '' } }),
  'a jti with NUL': forge({ claims: { jti: 'a\0b' } }),
  'a jti without end': forge({ claims: { jti: 'j'.repeat(300) } }),
  'a sid with NUL': forge({ claims: { sid: '\0' } }),
  'a sid as a number': forge({ claims: { sid: 7 } }),
  'no token_type': forge({ claims: { token_type: undefined } }),
  'a foreign token_type': forge({ claims: { token_type: 'sliding' } }),
  'a list for a payload': (() => {
    const input = `${goodHeader}.${base64([1])}`
    return `${input}.${createHmac('sha256', signingKey).update(input).digest('base64url')}`
  })(),
  '64 kB, well signed': forge({ claims: { padding: 'x'.repeat(65_536) } }),
  '64 kB of nothing': 'e'.repeat(65_536),
}

test.each(Object.entries(attacks))('refused as invalid, whatever is accepted: %s', (_, token) => {
  expect(refusalOf(token, 'access').body).toEqual(accessBody('Token is invalid'))
  for (const accepted of ['refresh', 'any'] as const) {
    expect(refusalOf(token, accepted)).toMatchObject({
      code: 'token_not_valid',
      body: { detail: 'Token is invalid', code: 'token_not_valid' },
    })
  }
})

test('a past exp is expired, but only where the signature is right', () => {
  expect(refusalOf(forge({ claims: { exp: now() - 1 } })).body).toEqual(accessBody('Token is expired'))
  expect(refusalOf(forge({ claims: { exp: -1 } })).body).toEqual(accessBody('Token is expired'))
  expect(refusalOf(forge({ claims: { exp: now() - 1 }, key: 'other' })).body).toEqual(accessBody('Token is invalid'))
})

test('clocks that differ by less than a minute do no harm', () => {
  expect(tokens.verify(forge({ claims: { iat: now() + 30, nbf: now() + 30 } }), 'access').user_id).toBe(5)
})

test('where an issuer is configured, only its tokens are good', () => {
  expect(tokensOfIssuer.verify(forge({ claims: { iss: issuer } }), 'access').user_id).toBe(5)
  for (const iss of [undefined, null, '', 'https://evil.example', `${issuer}/`, [issuer], { issuer }]) {
    expect(refusalOf(forge({ claims: { iss } }), 'access', tokensOfIssuer).body).toEqual(accessBody('Token is invalid'))
  }
  expect(tokens.verify(forge({ claims: { iss: 'anybody' } }), 'access').user_id).toBe(5)
})

test('a service with an empty key does not start', async () => {
  await expect(tokensOf({ signingKey: '' })).rejects.toThrow()
})

test('why a token was refused is logged, the token is not', () => {
  const log = { debug: vi.fn() }
  const jwt = {
    sign: () => '',
    verify: () => {
      throw Object.assign(new Error('no'), { code: 'FAST_JWT_INVALID_SIGNATURE' })
    },
  }
  expect(refusalOf('some.long.token', 'access', createTokens(jwt, { log })).code).toBe('token_not_valid')
  expect(log.debug.mock.calls).toEqual([[{ reason: 'FAST_JWT_INVALID_SIGNATURE' }, 'token refused']])
})

/** Tokens whose signatures are counted as they are checked. */
async function countedTokens() {
  const app = fastify()
  await app.register(fastifyJwt, jwtOptions({ signingKey }))
  const verify = vi.fn((token: string) => app.jwt.verify(token))
  return { verify, counted: createTokens({ sign: (payload) => app.jwt.sign(payload), verify }, {}) }
}

test('the signature of a token that comes again and again is checked once', async () => {
  const { verify, counted } = await countedTokens()
  const token = forge()
  const [first, again] = [counted.verify(token, 'access'), counted.verify(token, 'any')]
  expect(again).toEqual(first)
  expect(verify).toHaveBeenCalledTimes(1)
  expect(refusalOf(token, 'refresh', counted).body).toEqual({ detail: 'Token has wrong type', code: 'token_not_valid' })
})

test('a token that is remembered is good no longer than it says, and no sooner', async () => {
  const { counted } = await countedTokens()
  const expires = now() + 100
  const [token, later] = [forge({ claims: { exp: expires } }), forge({ claims: { exp: expires + 1_000, nbf: now() + 30 } })]
  expect([counted.verify(token, 'access').exp, counted.verify(later, 'access').user_id]).toEqual([expires, 5])
  vi.useFakeTimers({ toFake: ['Date'], now: expires * 1000 - 1 })
  expect(counted.verify(token, 'access').exp).toBe(expires)
  vi.setSystemTime(expires * 1000)
  expect(refusalOf(token, 'access', counted).body).toEqual(accessBody('Token is expired'))
  vi.setSystemTime((now() - 1_000) * 1000)
  expect(refusalOf(later, 'access', counted).body).toEqual(accessBody('Token is invalid'))
})

test('what is like a remembered token is none, and what was refused is checked each time', async () => {
  const { verify, counted } = await countedTokens()
  const token = forge()
  counted.verify(token, 'access')
  const signature = token.slice(token.lastIndexOf('.') + 1)
  for (const forged of [token.slice(0, -1), `${token}A`, ` ${token}`, token.toUpperCase(), token.replace(signature, 'A'.repeat(43))]) {
    for (const _ of [1, 2]) expect(refusalOf(forged, 'access', counted).body).toEqual(accessBody('Token is invalid'))
  }
  expect(verify).toHaveBeenCalledTimes(11)
})
