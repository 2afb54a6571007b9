import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'

const quietSweep = { sweepInterval: 60_000 }

test('with since the first frame names the head, then comes what was missed, then what happens', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  for (const index of range(1, 700)) room.send(1, `old ${index}`, null)
  const socket = await enter(1, room, 5)
  expect(socket.frames[0]).toMatchObject({ type: 'connection_established', seq: 701 })
  backend.send(room, 1, 'new')
  await until(() => socket.seqs().at(-1) === 702)
  expect(socket.seqs()).toEqual(range(6, 702))
})

test('since the head, nothing is missed', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  const socket = await enter(1, room, room.head)
  await until(() => backend.count('reads') === 1)
  expect(backend.count('changes')).toBe(0)
  backend.send(room, 1, 'new')
  expect(await socket.next('chat_message')).toMatchObject({ seq: 2 })
  expect(socket.of('resync')).toEqual([])
})

test.each(['7', '-1', '1.5', '1e3', 'x', '', '0x1', '99999999999999999999', '1&since=1'])(
  'a since of %s that the room never had is answered by resync, and the socket is live',
  async (since) => {
    const { backend, enter } = await startRelay()
    const room = backend.room(1)
    const socket = await enter(1, room, since)
    expect(await socket.next('resync')).toEqual({ type: 'resync', room_id: room.id, seq: 1, epoch: 1 })
    backend.send(room, 1, 'new')
    expect(await socket.next('chat_message')).toMatchObject({ seq: 2 })
    expect(socket.of('resync')).toHaveLength(1)
  },
)

test('5 000 events behind are replayed, 5 001 are a resync', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  for (const index of range(1, 5_000)) room.send(1, `${index}`, null)
  const [near, far] = [await enter(1, room, 1), await enter(1, room, 0)]
  expect(await far.next('resync')).toMatchObject({ seq: 5_001 })
  await until(() => near.seqs().length === 5_000)
  expect(near.seqs()).toEqual(range(2, 5_001))
  expect(far.seqs()).toEqual([])
})

test('who resumes is told how far everybody has read', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1, 2)
  const message = room.send(1, 'x', null)
  room.read(2, message)
  const socket = await enter(1, room, 1)
  expect(await socket.next('read_receipt')).toMatchObject({ user_id: 2, read_seq: 3 })
  expect(socket.seqs()).toEqual([2, 3])
})

test('a room that is already live is joined where the server is, though the bus is late', async () => {
  const { backend, enter } = await startRelay({ options: { ...quietSweep, holdTimeout: 5 } })
  const room = backend.room(1, 2)
  const first = await enter(1, room)
  backend.silent = true
  const { seq } = backend.send(room, 1, 'not heard yet')
  const second = await enter(2, room)
  expect(second.frames[0]).toMatchObject({ seq })
  backend.silent = false
  backend.publish(room, room.changes(seq - 1))
  backend.send(room, 1, 'heard')
  await until(() => first.seqs().length === 2 && second.seqs().length === 1)
  expect([first.seqs(), second.seqs()]).toEqual([[seq, seq + 1], [seq + 1]])
})

test('what the room applied while the head was on its way is replayed to the newcomer', async () => {
  const { backend, enter, socketAt } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  const first = await enter(1, room)
  let answer: () => void = () => undefined
  backend.beforeAnswer = ({ name }) => {
    if (name !== 'open') return undefined
    return new Promise<void>((resolve) => {
      answer = resolve
    })
  }
  const newcomer = socketAt(`/ws/chat/${room.id}/?token=${backend.token(2)}`)
  await until(() => backend.count('open') === 2)
  await first.fence()
  backend.send(room, 1, 'meanwhile')
  await until(() => first.seqs().length === 1)
  answer()
  await newcomer.opened()
  expect(newcomer.frames[0]).toMatchObject({ seq: 2 })
  await until(() => newcomer.seqs().length === 1)
  expect(newcomer.seqs()).toEqual([3])
})

test('who is removed while his head is on its way does not stay', async () => {
  const { backend, enter, socketAt } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  const first = await enter(1, room)
  let answer: () => void = () => undefined
  backend.beforeAnswer = ({ name }) => {
    if (name !== 'open') return undefined
    return new Promise<void>((resolve) => {
      answer = resolve
    })
  }
  const newcomer = socketAt(`/ws/chat/${room.id}/?token=${backend.token(2)}`)
  await until(() => backend.count('open') === 2)
  await first.fence()
  backend.remove(room, 2)
  await until(() => first.seqs().length === 1)
  answer()
  expect(await newcomer.closed()).toBe(4403)
})

test('who is removed between his token and his seat is turned away', async () => {
  const { backend, socketAt } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  backend.beforeAnswer = ({ name }) => void (name === 'authorize' && backend.remove(room, 2))
  const socket = socketAt(`/ws/chat/${room.id}/?token=${backend.token(2)}`)
  expect(await socket.closed()).toBe(4403)
  expect(socket.frames).toEqual([])
})

test('a history with his own leaving and return is replayed to a member', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1, 2)
  backend.remove(room, 2)
  backend.join(room, 2)
  const socket = await enter(2, room, 0)
  await until(() => socket.seqs().length === 4)
  expect(socket.durable().map(({ type }) => type)).toEqual([
    'participant_added',
    'participant_added',
    'participant_removed',
    'participant_added',
  ])
  backend.send(room, 2, 'still here')
  await socket.next('chat_message')
})

test('two who come to a new room at once share one subscription', async () => {
  const subscribed: string[] = []
  const { backend, enter } = await startRelay({
    wrapBus: (bus) => ({
      ...bus,
      subscribe(channel) {
        subscribed.push(channel)
        return bus.subscribe(channel)
      },
    }),
  })
  const room = backend.room(1, 2)
  await Promise.all([enter(1, room), enter(2, room), enter(1, room)])
  expect(subscribed.filter((channel) => channel.endsWith(room.id))).toHaveLength(1)
})

test('the last one to leave a room ends its subscription, and who comes again hears everything', async () => {
  const left: string[] = []
  const { backend, enter } = await startRelay({
    wrapBus: (bus) => ({
      ...bus,
      unsubscribe(channel) {
        left.push(channel)
        bus.unsubscribe(channel)
      },
    }),
  })
  const room = backend.room(1)
  const [one, two] = [await enter(1, room), await enter(1, room)]
  one.socket.close()
  await one.closed()
  await two.fence()
  expect(left).toEqual([])
  two.socket.close()
  await until(() => left.length === 1)
  const again = await enter(1, room)
  backend.send(room, 1, 'x')
  await again.next('chat_message')
})

test('without a bus that confirms, sockets open and the sweep serves them', async () => {
  const { backend, enter } = await startRelay({ wrapBus: (bus) => ({ ...bus, subscribe: () => Promise.reject(new Error('away')) }) })
  const room = backend.room(1)
  const socket = await enter(1, room)
  backend.send(room, 1, 'x')
  expect(await socket.next('chat_message')).toMatchObject({ seq: 2 })
})

test('the socket of all rooms resumes each room from its own place', async () => {
  const { backend, enterAll } = await startRelay()
  const [one, two, untouched] = [backend.room(1), backend.room(1), backend.room(1)]
  const foreign = backend.room(2)
  for (const room of [one, two, untouched, foreign]) for (const index of range(1, 20)) room.send(1, `${index}`, null)
  const socket = await enterAll(1)
  const [established] = socket.of('connection_established')
  expect(established && 'rooms' in established && established.rooms).toEqual(
    [one, two, untouched].map(({ id }) => ({ room_id: id, seq: 21, unread_count: 0 })),
  )
  socket.say({ type: 'resume', rooms: { [one.id]: 5, [two.id.toUpperCase()]: 30, [foreign.id]: 0 }, epoch: 1 })
  expect(await socket.next('resync')).toEqual({ type: 'resync', room_id: two.id, seq: 21, epoch: 1 })
  await until(() => socket.seqs(one.id).length === 16)
  for (const room of [one, two, untouched]) backend.send(room, 1, 'new')
  await until(() => socket.seqs(untouched.id).length === 1)
  expect(socket.seqs(one.id)).toEqual(range(6, 22))
  expect([socket.seqs(two.id), socket.seqs(untouched.id), socket.seqs(foreign.id)]).toEqual([[22], [22], []])
})

test('who resumes where his rooms are is told who has read, and the log is not asked', async () => {
  const { backend, enterAll } = await startRelay()
  const [room, ahead] = [backend.room(1, 2), backend.room(1)]
  room.read(2, room.send(1, 'x', null))
  const socket = await enterAll(1)
  socket.say({ type: 'resume', rooms: { [room.id]: room.head }, epoch: 1 })
  expect(await socket.next('read_receipt')).toMatchObject({ user_id: 2, read_seq: room.head })
  expect([backend.count('changes'), socket.of('resync'), socket.seqs()]).toEqual([0, [], []])
  socket.say({ type: 'resume', rooms: { [ahead.id]: ahead.head + 1 }, epoch: 1 })
  expect(await socket.next('resync')).toMatchObject({ room_id: ahead.id, seq: ahead.head })
  expect(backend.count('changes')).toBe(1)
})

test('a client of another epoch reloads every room it asks for', async () => {
  const { backend, enterAll } = await startRelay()
  const room = backend.room(1)
  const socket = await enterAll(1)
  socket.say({ type: 'resume', rooms: { [room.id]: 1 }, epoch: 7 })
  expect(await socket.next('resync')).toEqual({ type: 'resync', room_id: room.id, seq: 1, epoch: 1 })
})

test('a loop of resumes is answered one at a time, in order', async () => {
  const { backend, enterAll } = await startRelay({ options: quietSweep })
  const room = backend.room(1)
  for (const index of range(1, 99)) room.send(1, `${index}`, null)
  const socket = await enterAll(1)
  for (const _ of range(1, 20)) socket.say({ type: 'resume', rooms: { [room.id]: 50 } })
  await until(() => socket.seqs().length === 20 * 50)
  expect(socket.seqs()).toEqual(range(1, 20).flatMap(() => range(51, 100)))
})

test('a restored database is another history: everybody reloads every room', async () => {
  const { backend, enter, enterAll } = await startRelay()
  const room = backend.room(1, 2)
  for (const index of range(1, 9)) room.send(1, `${index}`, null)
  const sockets = [await enter(1, room), await enterAll(2)]
  room.lose(5)
  backend.epoch = 2
  for (const socket of sockets) expect(await socket.next('resync')).toEqual({ type: 'resync', room_id: room.id, seq: 6, epoch: 2 })
  backend.send(room, 1, 'new')
  for (const socket of sockets) expect(await socket.next('chat_message')).toMatchObject({ seq: 7 })
})

test('more than 5 000 events missed at once are passed over by resync, and who was removed in them goes', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1, 2)
  const [stays, goes] = [await enter(1, room), await enter(2, room)]
  room.leave(2)
  for (const index of range(1, 5_100)) room.send(1, `${index}`, null)
  expect(await stays.next('resync')).toMatchObject({ seq: room.head })
  expect(await goes.closed()).toBe(4403)
  backend.send(room, 1, 'new')
  expect(await stays.next('chat_message')).toMatchObject({ seq: room.head })
})

test('a replay that fails goes on when the server is back', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  for (const index of range(1, 30)) room.send(1, `${index}`, null)
  backend.beforeAnswer = ({ name }) => {
    if (name === 'open') backend.up = false
  }
  const socket = await enter(1, room, 0)
  backend.beforeAnswer = () => undefined
  await until(() => backend.asked.at(-1)?.name === 'heads')
  expect(socket.seqs()).toEqual([])
  backend.up = true
  await until(() => socket.seqs().length === 31)
  expect(socket.seqs()).toEqual(range(1, 31))
})
