import { pbkdf2Sync } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { expect, test } from 'vitest'
import { hashPassword, verifyNothing, verifyPassword } from '../../server/passwords.ts'

const right = 'correct horse 🐎'
const refused = { ok: false, renew: false }

function djangoPbkdf2(password: string, iterations = 1_000, salt = 'seasalt2026'): string {
  const digest = pbkdf2Sync(password, salt, iterations, 32, 'sha256').toString('base64')
  return `pbkdf2_sha256$${iterations}$${salt}$${digest}`
}

test('a new hash is argon2id with the parameters of OWASP, salted, and verifies', async () => {
  const [one, other] = await Promise.all([hashPassword(right), hashPassword(right)])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(one).not.toBe(other)
  expect(await verifyPassword(right, one)).toEqual({ ok: true, renew: false })
  expect(await verifyPassword(`${right} `, one)).toEqual(refused)
})

test("Django's own example of a pbkdf2_sha256 hash verifies", async () => {
  // From Django 3.2's test suite.
  const stored = 'pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo='
  expect(await verifyPassword('lètmein', stored)).toEqual({ ok: true, renew: true })
  expect(await verifyPassword('lètmeinz', stored)).toEqual(refused)
})

test('a hash in a former format asks to be renewed only when the password is right', async () => {
  const argon2 = await hash(right, { memoryCost: 6_400, timeCost: 2, parallelism: 8 })
  for (const stored of [djangoPbkdf2(right), argon2, `argon2${argon2}`, `argon2${await hashPassword(right)}`]) {
    expect(await verifyPassword(right, stored)).toEqual({ ok: true, renew: true })
    expect(await verifyPassword('wrong', stored)).toEqual(refused)
  }
})

test.each([
  '',
  '!',
  '!aV3ryUnusablePassword',
  'plain',
  right,
  'md5$salt$9e107d9d372bb6826bd81d3542a419d6',
  'pbkdf2_sha1$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'pbkdf2_sha256$99999999$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'pbkdf2_sha256$1000$salt$AAAA',
  'pbkdf2_sha256$1000$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'argon2$argon2id$broken',
  '$argon2id$v=19$m=19456,t=2,p=1$$',
  '$2b$12$KIXQ4yYQK3F1vG0yPZ8UeO9s7c6JwQYcQy3kq1mY0Y1ZcV2bq7H5W',
])('nobody signs in with the stored password %j', async (stored) => {
  expect(await verifyPassword(right, stored)).toEqual(refused)
  expect(await verifyPassword('', stored)).toEqual(refused)
})

test('a user who does not exist costs as much time as a wrong password', async () => {
  const stored = await hashPassword(right)
  const known = await medianMs(() => verifyPassword('wrong', stored))
  const unusable = await medianMs(() => verifyPassword('wrong', '!'))
  const unknown = await medianMs(() => verifyNothing('wrong'))
  for (const time of [unusable, unknown]) {
    expect(time).toBeGreaterThan(known / 5)
    expect(time).toBeLessThan(known * 5)
  }
})

test('many at once wait for each other, and too many are turned away', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 600 }, () => verifyPassword('wrong', djangoPbkdf2(right, 1))))
  const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(outcomes.length - refusals.length).toBe(502)
  for (const { reason } of refusals) expect(reason).toMatchObject({ code: 'unavailable', retryAfter: 5 })
  expect(await verifyPassword(right, djangoPbkdf2(right))).toEqual({ ok: true, renew: true })
})

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 9; round += 1) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return times.toSorted((one, other) => one - other)[4] ?? 0
}
