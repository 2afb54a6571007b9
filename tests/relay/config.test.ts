import { expect, test } from 'vitest'
import { readConfig } from '../../relay/config.ts'

const right = { REDIS_URL: 'redis://127.0.0.1:6379', RELAY_SECRET: 'x'.repeat(32) }

test('what is not set has its default', () => {
  expect(readConfig({ ...right, PORT: '' })).toEqual({
    config: {
      PORT: 8001,
      HOST: '127.0.0.1',
      ...right,
      REDIS_URL: [right.REDIS_URL],
      SERVER_INTERNAL_URL: ['http://127.0.0.1:8002'],
      ALLOWED_ORIGINS: [],
      RATE_LIMIT_COMMANDS: 300,
      RATE_LIMIT_SENDS: 60,
      LOG_LEVEL: 'info',
    },
  })
})

test('lists are separated by commas', () => {
  const lists = {
    REDIS_URL: 'redis://a:1, rediss://b:2',
    SERVER_INTERNAL_URL: 'ws://a:1, http://b:2',
    ALLOWED_ORIGINS: 'https://a, https://b,',
  }
  expect(readConfig({ ...right, ...lists })).toMatchObject({
    config: {
      REDIS_URL: ['redis://a:1', 'rediss://b:2'],
      SERVER_INTERNAL_URL: ['ws://a:1', 'http://b:2'],
      ALLOWED_ORIGINS: ['https://a', 'https://b'],
    },
  })
})

test('everything that is wrong is said at once, without the values', () => {
  const wrong = {
    PORT: 'x',
    REDIS_URL: 'http://secret',
    RELAY_SECRET: 'short secret',
    SERVER_INTERNAL_URL: 'ftp://secret',
    RATE_LIMIT_COMMANDS: '0',
    RATE_LIMIT_SENDS: 'many',
    LOG_LEVEL: 'loud',
  }
  const read = readConfig(wrong)
  const problems = 'problems' in read ? read.problems : []
  expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(Object.keys(wrong).sort())
  expect(problems.join()).not.toContain('secret ')
})

test.each([
  [{}, 'REDIS_URL is missing'],
  [{ REDIS_URL: 'redis://a:1,b:2' }, 'REDIS_URL must be redis:// or rediss:// URLs'],
  [{ REDIS_URL: ',' }, 'REDIS_URL is empty'],
  [{ SERVER_INTERNAL_URL: ' , ' }, 'SERVER_INTERNAL_URL is empty'],
])('%o: %s', (changed, sentence) => {
  const { REDIS_URL, ...rest } = right
  const base = 'SERVER_INTERNAL_URL' in changed ? { REDIS_URL } : {}
  const read = readConfig({ ...rest, ...base, ...changed })
  expect('problems' in read && read.problems[0]).toContain(sentence)
})
