import { expect, test } from 'vitest'
import type { Connection } from '../../relay/connection.ts'
import { createLimits } from '../../relay/limits.ts'
import { defaultOptions } from '../../relay/options.ts'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'

const few = { commandsPerUser: 40, sendsPerUser: 12 }
const second = 1_000

/** As far as limits look at one. */
const connectionOf = (userId: number) => ({ userId }) as Connection

/** How many of so many are taken. */
function taken(limits: ReturnType<typeof createLimits>, connection: Connection, times: number, isSend: boolean, now: number): number {
  return range(1, times).filter(() => limits.take(connection, isSend, now) === 0).length
}

test('one connection has half of what its user has, and another of his the rest', () => {
  const limits = createLimits(few)
  const [phone, laptop, tablet] = [connectionOf(1), connectionOf(1), connectionOf(1)]
  expect([phone, laptop, tablet].map((one) => taken(limits, one, 12, true, 0))).toEqual([6, 6, 0])
  expect([phone, laptop, tablet].map((one) => taken(limits, one, 20, false, 0))).toEqual([14, 14, 0])
  expect(taken(limits, connectionOf(2), 12, true, 0)).toBe(6)
})

test('who waits as long as he was told is taken, and has all of it again after ten seconds', () => {
  const limits = createLimits(few)
  const phone = connectionOf(1)
  expect(taken(limits, phone, 6, true, 0)).toBe(6)
  expect(limits.take(phone, true, 0)).toBe(2)
  expect(limits.take(phone, true, 1 * second)).toBe(1)
  expect(limits.take(phone, true, 2 * second)).toBe(0)
  expect(taken(limits, phone, 12, true, 12 * second)).toBe(6)
})

test('who goes on though he was told to wait is too fast; who is refused now and then is not', () => {
  const limits = createLimits(few)
  const [phone, laptop] = [connectionOf(1), connectionOf(2)]
  taken(limits, phone, 6, true, 0)
  expect(range(1, 20).map(() => limits.take(phone, true, 0))).toEqual(Array(20).fill(2))
  expect(limits.take(phone, true, 0)).toBe('too fast')
  const answers = range(1, 600).map((tick) => limits.take(laptop, true, tick * second))
  expect(answers).not.toContain('too fast')
})

test('the usual limits never meet a person who types fast', () => {
  const limits = createLimits(defaultOptions)
  const phone = connectionOf(1)
  const answers = range(1, 600).flatMap((tick) => [
    limits.take(phone, true, tick * second),
    // He is told of as typing at every key, and reads each answer.
    ...range(1, 10).map((key) => limits.take(phone, false, tick * second + key * 90)),
    ...range(1, 3).map(() => limits.take(phone, false, tick * second + 950)),
  ])
  expect(answers.filter((answer) => answer !== 0)).toEqual([])
})

test('a hundred thousand users who have gone quiet are forgotten, and nobody who has not', () => {
  const limits = createLimits(defaultOptions)
  for (const userId of range(1, 100_000)) limits.take(connectionOf(userId), true, 0)
  taken(limits, connectionOf(7), 30, true, 0)
  limits.sweep(1 * second)
  expect(limits.size()).toBe(1)
  limits.sweep(6 * second)
  expect(limits.size()).toBe(0)
})

test('of a hundred thousand connections only those are remembered that spoke lately and are still there', () => {
  const limits = createLimits(defaultOptions)
  for (const userId of range(1, 100_000)) limits.take(connectionOf(userId), true, 0)
  const [talkative, gone] = [connectionOf(7), connectionOf(8)]
  for (const one of [talkative, gone]) taken(limits, one, 30, true, 0)
  limits.forget(gone)
  limits.sweep(1 * second)
  expect(limits.connections()).toBe(1)
  expect(limits.take(talkative, true, 1 * second)).toBe(0)
  expect(taken(limits, talkative, 30, true, 1 * second)).toBe(2)
  limits.sweep(12 * second)
  expect(limits.connections()).toBe(0)
})

test('one message too many is answered with the time to wait, and reaches no server', async () => {
  const { backend, enter } = await startRelay({ options: few })
  const room = backend.room(1, 2)
  const [alice, bob] = [await enter(1, room), await enter(2, room)]
  for (const number of range(1, 7)) alice.say({ type: 'chat_message', message: `${number}`, client_id: `c${number}` })
  expect(await alice.next('error')).toEqual({
    type: 'error',
    code: 'too_many_requests',
    message: expect.stringMatching(/^Request was throttled\. Expected available in [12] seconds?\.$/),
    retry_after: expect.toSatisfy((seconds) => seconds === 1 || seconds === 2),
    client_id: 'c7',
    room_id: room.id,
  })
  await alice.fence()
  bob.say({ type: 'chat_message', message: 'mine', client_id: 'b1' })
  await bob.next('ack')
  expect(bob.of('chat_message').map(({ message }) => message.content)).toEqual(['1', '2', '3', '4', '5', '6', 'mine'])
  expect(backend.count('send')).toBe(7)
})

test('who floods on is closed with 4429, and only that socket', async () => {
  const { backend, enter, enterAll } = await startRelay({ options: few })
  const room = backend.room(1, 2)
  const [flooding, other, bob] = [await enter(1, room), await enterAll(1), await enter(2, room)]
  for (const number of range(1, 100)) flooding.say({ type: 'typing', is_typing: number % 2 === 0 })
  expect(await flooding.closed()).toBe(4429)
  expect(flooding.of('error')).toHaveLength(20)
  other.say({ type: 'chat_message', room_id: room.id, message: 'still here', client_id: 'o1' })
  await other.next('ack')
  expect((await bob.next('chat_message')).message.content).toBe('still here')
})

test('what is no command counts as one', async () => {
  const { backend, enter } = await startRelay({ options: few })
  const alice = await enter(1, backend.room(1))
  for (const _ of range(1, 20)) alice.sayText('{')
  alice.sayText('{"type":"chat_message","client_id":"c1"}')
  await until(() => alice.of('error').length === 21)
  const codes = alice.of('error').map(({ code }) => code)
  expect(codes).toEqual([...Array(20).fill('parse_error'), 'too_many_requests'])
  expect(alice.of('error')[20]?.client_id).toBe('c1')
})
