import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEvents, roomChannel } from '../../schemas/bus.ts'
import { until } from '../support/until.ts'
import { eventOf } from './support/model-backend.ts'
import { type Fate, faultyBus, range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'
import type { TestSocket } from './support/test-socket.ts'

const fate = fc.constantFrom<Fate>('arrives', 'lost', 'doubled', 'late')

test('whatever the bus loses, doubles or reorders, every socket sees each event once and in order', async () => {
  const fates: Fate[] = []
  let flush: () => void = () => undefined
  const { backend, enter, enterAll } = await startRelay({
    options: { holdTimeout: 2, holdLimit: 8 },
    wrapBus: (bus) => {
      const faulty = faultyBus(bus, fates)
      flush = faulty.flush
      return faulty.bus
    },
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (chosen, perTick) => {
      const room = backend.room(1, 2)
      const start = room.head
      const sockets = [await enter(1, room), await enter(2, room, 0), await enterAll(1)]
      fates.push(...chosen)
      for (const [index] of chosen.entries()) {
        backend.send(room, 1, `message ${index}`)
        if (index % perTick === 0) await new Promise((resolve) => setImmediate(resolve))
        if (index === 10) sockets.push(await enter(2, room))
      }
      flush()
      const head = room.head
      // Who came last may have found everything there already.
      await until(() => sockets.every((socket) => (socket.seqs(room.id).at(-1) ?? startOf(socket)) === head))
      const [live, resumed, all, later] = sockets
      expect(live?.seqs(room.id)).toEqual(range(start + 1, head))
      expect(resumed?.seqs(room.id)).toEqual(range(1, head))
      expect(all?.seqs(room.id)).toEqual(range(start + 1, head))
      if (later) expect(later.seqs(room.id)).toEqual(range(startOf(later) + 1, head))
      for (const { socket } of sockets) socket.close()
      await Promise.all(sockets.map((socket) => socket.closed()))
      fates.length = 0
    }),
    { numRuns: 60 },
  )
})

test('who joins with any since while others write sees everything after it once and in order', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1, 2)
  for (const index of range(1, 1_200)) room.send(1, `old ${index}`, null)
  let writing = true
  const writer = (async () => {
    while (writing) {
      backend.send(room, 1, 'new')
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const joins = range(0, 15).map(async (which) => {
    const since = which * 80
    return { since, socket: await enter(2, room, since) }
  })
  const joined = await Promise.all(joins)
  writing = false
  await writer
  for (const { since, socket } of joined) {
    await until(() => socket.seqs().at(-1) === room.head)
    expect(socket.seqs()).toEqual(range(since + 1, room.head))
  }
})

test('without the bus the sweep brings what happened, the last event too', async () => {
  const { backend, enter, enterAll } = await startRelay()
  const room = backend.room(1, 2)
  const sockets = [await enter(1, room), await enterAll(2)]
  backend.silent = true
  for (const index of range(1, 1_300)) backend.send(room, 1, `unheard ${index}`)
  for (const socket of sockets) {
    await until(() => socket.seqs().at(-1) === room.head)
    expect(socket.seqs()).toEqual(range(3, room.head))
  }
})

test('one hole is asked about once, however many sockets wait', async () => {
  const { backend, enter } = await startRelay({ options: { sweepInterval: 60_000 } })
  const room = backend.room(1)
  const sockets = await Promise.all(range(1, 10).map(() => enter(1, room)))
  const before = backend.count('changes')
  backend.silent = true
  backend.send(room, 1, 'lost')
  backend.silent = false
  backend.send(room, 1, 'seen')
  for (const socket of sockets) await until(() => socket.seqs().length === 2)
  expect(backend.count('changes') - before).toBe(1)
})

test('a hole that closes by itself in time is not asked about', async () => {
  const { backend, enter } = await startRelay({ options: { sweepInterval: 60_000, holdTimeout: 200 } })
  const room = backend.room(1)
  const socket = await enter(1, room)
  const before = backend.count('changes')
  const [first, second] = [room.send(1, 'a', null), room.send(1, 'b', null)]
  backend.publish(room, room.changes(second.seq - 1))
  await new Promise((resolve) => setImmediate(resolve))
  backend.publish(room, room.changes(first.seq - 1, 1))
  await until(() => socket.seqs().length === 2)
  expect(socket.seqs()).toEqual([2, 3])
  expect(backend.count('changes')).toBe(before)
})

test('while the bus is away holes are not asked about as soon as otherwise', async () => {
  const options = { sweepInterval: 60_000, holdTimeout: 1, holdTimeoutWithoutBus: 60_000 }
  let isUp = false
  const { backend, enter } = await startRelay({ options, wrapBus: (bus) => ({ ...bus, isUp: () => isUp }) })
  const [early, late] = [backend.room(1), backend.room(1)]
  const [inEarly, inLate] = [await enter(1, early), await enter(1, late)]
  const openHole = (room: typeof early) => {
    const missing = room.send(1, 'of another relay', null)
    backend.publish(room, room.changes(room.send(1, 'of this one', null).seq - 1))
    return missing
  }
  const missing = openHole(early)
  // The bus is heard in order: what of the other room is asked about came after the hole of the first.
  await new Promise((resolve) => setImmediate(resolve))
  isUp = true
  openHole(late)
  await until(() => inLate.seqs().length === 2)
  const asked = backend.asked.flatMap(({ name, command }) => (name === 'changes' && 'room_id' in command ? [command.room_id] : []))
  expect(asked).toEqual([late.id])

  backend.publish(early, early.changes(missing.seq - 1, 1))
  await until(() => inEarly.seqs().length === 2)
  expect([inEarly.seqs(), inLate.seqs()]).toEqual([
    [2, 3],
    [2, 3],
  ])
})

test('after the bus was away the heads are compared at once', async () => {
  let gap: () => void = () => undefined
  const { backend, enter } = await startRelay({
    options: { sweepInterval: 60_000, holdTimeout: 1 },
    wrapBus: (bus) => ({
      ...bus,
      onGap: (listener) => {
        gap = listener
      },
    }),
  })
  const room = backend.room(1)
  const socket = await enter(1, room)
  backend.silent = true
  backend.send(room, 1, 'lost')
  gap()
  expect(await socket.next('chat_message')).toMatchObject({ seq: 2 })
})

test('forged events from far ahead, huge ones and nonsense on the bus change nothing', async () => {
  const { backend, bus, enter } = await startRelay({ options: { holdTimeout: 1, holdLimit: 4 } })
  const room = backend.room(1)
  const socket = await enter(1, room)
  const forged = { ...eventOf(room.changes(0)[0] ?? expect.unreachable()), effect: undefined }
  for (const seq of [1e15, 9_007_199_254_740_991, ...range(1_000, 1_010)]) backend.say(room.id, [{ ...forged, seq }])
  bus.publish(roomChannel(room.id), encodeEvents([{ seq: 2, effect: undefined, frame: `{"x":"${'y'.repeat(10_000_000)}"}` }]))
  for (const text of ['not JSON', '', '\t\t\t', '2\t\tnot json', '-1\t\t{}', '2\tunknown 1\t{}']) bus.publish(roomChannel(room.id), text)
  bus.publish('control', 'not JSON')
  bus.publish('control', '{"kind":"session"}')
  for (const index of range(1, 20)) backend.send(room, 1, `real ${index}`)
  await until(() => socket.seqs().length === 20)
  expect(socket.seqs()).toEqual(range(2, 21))
  const before = backend.count('changes')
  await socket.fence()
  backend.send(room, 1, 'one more')
  await until(() => socket.seqs().length === 21)
  expect(backend.count('changes')).toBe(before)
})

test('what is on the bus as one text comes as many frames in order', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  const socket = await enter(1, room)
  const seqs = range(1, 50).map((index) => room.send(1, `message ${index}`, null).seq)
  backend.publish(room, room.changes(1))
  await until(() => socket.seqs().length === 50)
  expect(socket.seqs()).toEqual(seqs)
})

/** The seq that the first frame of a socket of one room named. */
function startOf(socket: TestSocket): number {
  const [frame] = socket.of('connection_established')
  return frame && 'seq' in frame ? frame.seq : Number.NaN
}
