import { expect, test } from 'vitest'
import { ApiError, SignedOutError } from '../../public/client/errors.ts'
import { hostTokens } from '../../public/client/host-tokens.ts'
import { createHttp, createTransport } from '../../public/client/http.ts'
import { memoryTokenStore, Tokens } from '../../public/client/tokens.ts'
import { FakeClock, settled } from './support/fake-clock.ts'
import { FakeService, tokenOf } from './support/fake-service.ts'

function world(cookie = false) {
  const clock = new FakeClock()
  const service = new FakeService(clock)
  const transport = createTransport({ baseUrl: 'http://chat.test', fetch: service.fetch, clock })
  const store = memoryTokenStore()
  const open = () => new Tokens({ transport, clock, store, lock: (_, run) => run(), cookie })
  const tokens = open()
  const http = createHttp(transport, tokens, clock, () => 0.5)
  const refreshes = () => service.asked.filter(({ path }) => path === '/api/token/refresh/').length
  return { clock, service, tokens, open, store, http, refreshes }
}

test('wrong names or passwords are told', async () => {
  const { tokens } = world()
  await expect(tokens.signIn('me', 'wrong')).rejects.toMatchObject({
    status: 401,
    message: 'No active account found with the given credentials',
  })
  await expect(tokens.access()).rejects.toThrow(SignedOutError)
})

test('many who need a token renew it once', async () => {
  const { tokens, clock, service, refreshes } = world()
  await tokens.signIn('me', 'right')
  const old = await tokens.access()
  clock.suspend(service.life - 30_000)
  const all = await Promise.all([tokens.access(), tokens.access(), tokens.renew(old)])
  expect(new Set(all)).toEqual(new Set([service.goodToken]))
  expect(refreshes()).toBe(1)
})

test('a refused token is renewed once, and the call repeated', async () => {
  const { tokens, service, http, refreshes } = world()
  await tokens.signIn('me', 'right')
  service.room('0190aaaa-0000-7000-8000-000000000001', [1])
  service.goodToken = 'revoked meanwhile'
  const rooms = ['/api/chat/rooms/0190aaaa-0000-7000-8000-000000000001/', '/api/chat/rooms/0190aaaa-0000-7000-8000-000000000001/']
  await Promise.all(rooms.map((path) => http({ method: 'GET', path })))
  expect(refreshes()).toBe(1)
})

test('a used-up refresh token signs out, a dead network does not', async () => {
  const { tokens, service, clock } = world()
  const seen: (string | undefined)[] = []
  tokens.onToken((token) => seen.push(token))
  await tokens.signIn('me', 'right')
  service.offline = true
  clock.suspend(service.life - 30_000)
  expect(await tokens.access()).toBe(service.goodToken)
  clock.suspend(60_000)
  await expect(tokens.access()).rejects.toThrow(ApiError)
  service.offline = false
  service.refreshes.clear()
  await expect(tokens.access()).rejects.toThrow(SignedOutError)
  expect(seen.at(-1)).toBeUndefined()
})

test('a second tab takes the tokens that the first has renewed', async () => {
  const { tokens, open, service, clock, refreshes } = world()
  await tokens.signIn('me', 'right')
  const second = open()
  const old = await second.access()
  clock.suspend(service.life)
  await tokens.access()
  expect(await second.renew(old)).toBe(service.goodToken)
  expect(refreshes()).toBe(1)
})

test('signing out revokes and forgets, also without a connection', async () => {
  const { tokens, service, store } = world()
  await tokens.signIn('me', 'right')
  await tokens.signOut()
  expect(service.asked.at(-1)).toMatchObject({ path: '/api/token/revoke/', body: { refresh: 'refresh-1' } })
  await tokens.signIn('me', 'right')
  service.offline = true
  await tokens.signOut()
  expect(await store.get()).toBeUndefined()
})

test('whoever signs out stays so: a renewal under way signs nobody in, and what it brings is revoked', async () => {
  const { tokens, service } = world(true)
  service.intercept = ({ path }) => (path === '/api/token/refresh/' ? [200, service.pair()] : undefined)
  const seen: (string | undefined)[] = []
  tokens.onToken((token) => seen.push(token))
  const renewal = tokens.renew('')
  await Promise.all([tokens.signOut(), expect(renewal).rejects.toThrow(SignedOutError)])
  await expect(tokens.access()).rejects.toThrow(SignedOutError)
  expect(seen).toEqual([undefined])
  expect(service.asked.map(({ path }) => path)).toEqual(['/api/token/refresh/', '/api/token/revoke/'])
  await tokens.signIn('me', 'right')
  expect(await tokens.access()).toBe(service.goodToken)
})

test('signing out revokes by one more token where the last is over or was never had', async () => {
  const { tokens, clock, service } = world()
  await tokens.signIn('me', 'right')
  clock.suspend(service.life + 1_000)
  await tokens.signOut()
  expect(service.asked.map(({ path }) => path)).toEqual(['/api/token/', '/api/token/refresh/', '/api/token/revoke/'])
  const page = world(true)
  page.service.intercept = ({ path }) => (path === '/api/token/refresh/' ? [200, page.service.pair()] : undefined)
  await page.tokens.signOut()
  expect(page.service.asked.map(({ path }) => path)).toEqual(['/api/token/refresh/', '/api/token/revoke/'])
})

test('who signed out comes back when another tab signs in', async () => {
  const { tokens, service } = world(true)
  service.intercept = ({ path }) => (path === '/api/token/refresh/' ? [200, service.pair()] : undefined)
  await tokens.signOut()
  await expect(tokens.access()).rejects.toThrow(SignedOutError)
  expect(await tokens.comeBack()).toBe(service.goodToken)
  expect(await tokens.access()).toBe(service.goodToken)
})

test('with a cookie nothing secret is kept, and a reload signs in by it', async () => {
  const { open, service, store } = world(true)
  service.intercept = ({ path }) => (path === '/api/token/refresh/' ? [200, service.pair()] : undefined)
  expect(await open().access()).toBe(service.goodToken)
  expect((await store.get())?.refresh).toBeNull()
})

test('a host application is asked once, and again when its token is refused', async () => {
  const clock = new FakeClock()
  const refused: (string | undefined)[] = []
  let next = tokenOf(1, clock.now(), 1_800_000, 1)
  const tokens = hostTokens(async (old) => {
    refused.push(old)
    return next
  }, clock)
  const first = await Promise.all([tokens.access(), tokens.access()])
  expect([new Set(first).size, refused]).toEqual([1, [undefined]])
  next = tokenOf(1, clock.now(), 1_800_000, 2)
  expect(await tokens.renew(first[0] ?? '')).toBe(next)
  expect(refused).toEqual([undefined, first[0]])
})

test('what is safe is tried three times, what is not once', async () => {
  const { tokens, service, http, clock } = world()
  await tokens.signIn('me', 'right')
  let asked = 0
  service.intercept = () => {
    asked += 1
    return [503, { detail: 'later' }]
  }
  const failed = http({ method: 'GET', path: '/api/chat/rooms/' }).catch((cause: unknown) => cause)
  await clock.advance(10_000)
  expect(await failed).toMatchObject({ status: 503, code: 'unavailable' })
  expect(asked).toBe(3)
  await expect(http({ method: 'POST', path: '/api/chat/rooms/' })).rejects.toMatchObject({ status: 503 })
  expect(asked).toBe(4)
})

test('an answer that does not come is a timeout, an abort is an abort', async () => {
  const clock = new FakeClock()
  const fetch: typeof globalThis.fetch = (_, init) =>
    new Promise((__, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
  const transport = createTransport({ baseUrl: 'http://chat.test', fetch, clock })
  const late = transport({ method: 'GET', path: '/' }).catch((cause: unknown) => cause)
  await clock.advance(10_000)
  expect(await late).toMatchObject({ status: 0, code: 'timeout' })
  const aborter = new AbortController()
  const aborted = transport({ method: 'GET', path: '/', signal: aborter.signal }).catch((cause: unknown) => cause)
  await settled()
  aborter.abort()
  expect(await aborted).toMatchObject({ status: 0, code: 'aborted' })
})
