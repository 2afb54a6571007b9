import { expect, test } from 'vitest'
import { ApiError } from '../../public/client/errors.ts'
import { patience } from '../../public/client/outbox.ts'
import { settled } from './support/fake-clock.ts'
import { World } from './support/outbox-world.ts'

test('without an answer in ten seconds a message is failed, and a late ack mends it', async () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', 'hello')
  await world.clock.advance(patience - 1)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sending' }])
  expect(world.probes).toBe(1)
  await world.clock.advance(1)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { code: 'timeout' } }])
  world.outbox.acknowledge(client_id, { id: 'm1', seq: 1 })
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sent', sent: { seq: 1 } }])
  world.outbox.settle('a', 1)
  expect(world.outbox.list('a')).toEqual([])
})

test('offline messages wait without failing and leave in order', async () => {
  const world = new World()
  for (const text of ['one', 'two', 'three']) world.outbox.send('a', text)
  for (let second = 0; second < 120; second += 1) {
    for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
    await world.clock.advance(1_000)
  }
  expect(world.outbox.list('a').map(({ status }) => status)).not.toContain('failed')
  for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
  await settled()
  await world.heal()
  expect([...world.stored.values()].map(({ content }) => content)).toEqual(['one', 'two', 'three'])
})

test('a text that may have been stored is followed by an edit, not by a second message', async () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', 'helo')
  await world.clock.advance(patience)
  world.outbox.edit(client_id, 'hello')
  const again = world.wire.at(-1)
  expect(again?.command).toMatchObject({ client_id, message: 'helo' })
  if (again) world.answer(again, false)
  await settled()
  expect(world.edits).toMatchObject([{ id: `m-${client_id}`, content: 'hello' }])
  world.edits[0]?.resolve()
  await settled()
  expect(world.outbox.list('a')).toEqual([])
})

test('a refused text is edited and sent under the same client_id, since nothing was stored', () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', '')
  world.outbox.refuse(client_id, { code: 'invalid', message: 'This field may not be blank.', status: 400 })
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { message: 'This field may not be blank.' } }])
  world.outbox.edit(client_id, 'something')
  expect(world.wire.at(-1)?.command).toMatchObject({ client_id, message: 'something' })
})

test('an answer to an attempt that was given up does not touch the next one', async () => {
  const world = new World()
  const { client_id } = world.outbox.send('a', 'hello')
  await world.clock.advance(patience)
  world.connect()
  world.outbox.retry(client_id)
  for (const call of world.calls.splice(0)) call.reject(new ApiError(400, 'invalid', { content: ['late'] }))
  await settled()
  expect(world.outbox.list('a')).toMatchObject([{ status: 'sending' }])
})

test('a message that a dead page had sent is not sent with another text', async () => {
  const world = new World()
  world.connect()
  world.outbox.send('a', 'first')
  const { client_id } = world.outbox.send('a', 'helo')
  await settled()
  world.commit(client_id, 'a', 'helo')
  await world.reload()
  world.outbox.edit(client_id, 'hello')
  await world.heal()
  expect([world.conflicts, world.stored.size, world.edited.get(`m-${client_id}`)]).toEqual([0, 2, 'hello'])
})

test('told to wait, the room waits, and nothing overtakes the message that was sent too early', async () => {
  const world = new World()
  world.connect()
  world.outbox.send('a', 'one')
  for (const wire of world.wire.splice(0)) world.refuse(wire, 429)
  world.outbox.send('a', 'two')
  world.outbox.lineOpen()
  await world.clock.advance(1_999)
  expect(world.wire).toEqual([])
  await world.clock.advance(1)
  expect(world.wire).toMatchObject([{ command: { message: 'one' } }])
})

test('told to wait by REST, a message is sent again under its client_id when the time is over, and keeps its place', async () => {
  const world = new World()
  const { client_id } = world.outbox.send('a', 'one')
  world.outbox.send('a', 'two')
  for (const wait of [7, undefined]) {
    for (const call of world.calls.splice(0))
      call.reject(new ApiError(429, 'too_many_requests', { detail: 'Request was throttled.' }, wait))
    await world.clock.advance((wait ?? 5) * 1_000 - 1)
    expect(world.calls).toEqual([])
    await world.clock.advance(1)
    expect(world.calls).toMatchObject([{ entry: { client_id, content: 'one' } }])
  }
  await world.heal()
  expect([...world.stored.values()].map(({ content }) => content)).toEqual(['one', 'two'])
})

test('told to wait for longer than it is patient, a message does not fail', async () => {
  const world = new World()
  world.connect()
  world.outbox.send('a', 'one')
  for (let times = 0; times < 30; times += 1) {
    for (const wire of world.wire.splice(0)) world.refuse(wire, 429)
    await world.clock.advance(2_000)
  }
  expect(world.failed.size).toBe(0)
  await world.heal()
  expect(world.stored.size).toBe(1)
})

test('what is changed while it is made to wait is sent as changed: nothing was stored', async () => {
  const world = new World()
  world.connect()
  const { client_id } = world.outbox.send('a', 'helo')
  world.outbox.edit(client_id, 'hello')
  for (const wire of world.wire.splice(0)) world.refuse(wire, 429)
  world.outbox.edit(client_id, 'hello!')
  await world.clock.advance(2_000)
  expect(world.wire).toMatchObject([{ command: { client_id, message: 'hello!' } }])
  await world.heal()
  expect([world.edits, world.stored.get(client_id)?.content]).toEqual([[], 'hello!'])
})

test('the same client_id with another text on the server is told as failed', () => {
  const world = new World()
  world.connect()
  world.stored.set('c1', { room: 'a', content: 'other', sent: { id: 'm', seq: 1 } })
  world.outbox.send('a', 'mine')
  for (const wire of world.wire.splice(0)) world.answer(wire, false)
  expect(world.outbox.list('a')).toMatchObject([{ status: 'failed', failure: { code: 'conflict' } }])
})

test('nothing is sent in the name of another user', async () => {
  const world = new World()
  world.outbox.send('a', 'from alice')
  for (const call of world.calls.splice(0)) call.reject(new ApiError(0, 'network', undefined))
  await settled()
  world.outbox.setOwner(2)
  world.connect()
  await world.clock.advance(60_000)
  expect([world.outbox.list('a'), world.wire]).toEqual([[], []])
  world.outbox.setOwner(1)
  expect(world.wire).toMatchObject([{ command: { message: 'from alice' } }])
})

test('what is written before a token says who is there belongs to whoever was expected, and waits for the token', async () => {
  const world = new World()
  world.outbox.setOwner(undefined)
  world.outbox.expectOwner(1)
  world.connect()
  world.outbox.send('a', 'from alice')
  await settled()
  expect([world.wire, world.calls]).toEqual([[], []])
  world.outbox.setOwner(2)
  expect([world.outbox.list('a'), world.wire]).toEqual([[], []])
  world.outbox.expectOwner(1)
  expect(world.wire).toEqual([])
  world.outbox.setOwner(1)
  expect(world.wire).toMatchObject([{ command: { message: 'from alice' } }])
})

test('a store that fails is told, and stops nothing', async () => {
  const world = new World()
  world.kept.put = () => Promise.reject(new Error('quota'))
  const causes: unknown[] = []
  world.outbox.events.on('unkept', ({ cause }) => causes.push(cause))
  world.connect()
  world.outbox.send('a', 'hello')
  await settled()
  expect([causes.length, world.wire.length]).toEqual([1, 1])
})
