import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SignInLimit } from '../../server/sign-in-limit.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function fail(limit: SignInLimit, times: number, username: string, address: string): void {
  for (let time = 0; time < times; time += 1) limit.failed(username, address)
}

test('ten failures of a username from an address close it for five minutes, for that address alone', () => {
  const limit = new SignInLimit()
  fail(limit, 9, 'alice', '192.0.2.1')
  limit.check('alice', '192.0.2.1')
  vi.advanceTimersByTime(60_000)
  fail(limit, 1, 'alice', '192.0.2.1')
  expect(() => limit.check('alice', '192.0.2.1')).toThrow(
    expect.objectContaining({
      code: 'too_many_requests',
      retryAfter: 240,
      body: { detail: 'Request was throttled. Expected available in 240 seconds.' },
    }),
  )
  limit.check('bob', '192.0.2.1')
  limit.check('alice', '192.0.2.2')
  vi.advanceTimersByTime(240_000)
  limit.check('alice', '192.0.2.1')
})

test('a hundred failures from an address close it for every username, also after a success', () => {
  const limit = new SignInLimit()
  for (let user = 0; user < 100; user += 1) {
    limit.failed(`user${user}`, '192.0.2.1')
    limit.succeeded('mallory', '192.0.2.1')
  }
  expect(() => limit.check('mallory', '192.0.2.1')).toThrow('Request was throttled')
  limit.check('mallory', '192.0.2.2')
})

test('a success forgets the failures of the username', () => {
  const limit = new SignInLimit()
  fail(limit, 9, 'alice', '192.0.2.1')
  limit.succeeded('alice', '192.0.2.1')
  fail(limit, 9, 'alice', '192.0.2.1')
  limit.check('alice', '192.0.2.1')
})

test.each([
  ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff'],
  ['2001:db8::1', '2001:db8:0:0:1::'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
])('%s and %s are the same household', (one, other) => {
  const limit = new SignInLimit()
  fail(limit, 10, 'alice', one)
  expect(() => limit.check('alice', other)).toThrow('Request was throttled')
})

test('neighbours of IPv6 are not the same household', () => {
  const limit = new SignInLimit()
  fail(limit, 10, 'alice', '2001:db8:1:2::1')
  limit.check('alice', '2001:db8:1:3::1')
  fail(limit, 10, 'alice', '::ffff:192.0.2.1')
  limit.check('alice', '::ffff:192.0.2.2')
})

test('more addresses than there is room for push out the oldest', () => {
  const limit = new SignInLimit({ perUsername: 1, entries: 3 })
  for (const last of [1, 2, 3, 4]) limit.failed('alice', `192.0.2.${last}`)
  limit.check('alice', '192.0.2.1')
  for (const last of [2, 3, 4]) expect(() => limit.check('alice', `192.0.2.${last}`)).toThrow('throttled')
})
