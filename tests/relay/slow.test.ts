import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'

const large = 'x'.repeat(50_000)
const options = { slowBytes: 64 * 1024, stuckBytes: 256 * 1024 }

test('a reader that stops and goes on is caught up from the log, without a hole and nothing twice', async () => {
  const { backend, enter, enterAll } = await startRelay({ options })
  const room = backend.room(1, 2)
  const [lively, slow, slowWide] = [await enter(1, room), await enter(2, room), await enterAll(2)]
  for (const { socket } of [slow, slowWide]) socket.pause()
  for (const index of range(1, 400)) {
    backend.send(room, 1, `${index} ${large}`)
    if (index % 20 === 0) await until(() => lively.seqs().length === index)
  }
  await lively.fence()
  for (const { socket } of [slow, slowWide]) socket.resume()
  for (const socket of [lively, slow, slowWide]) {
    await until(() => socket.seqs().length === 400)
    expect(socket.seqs()).toEqual(range(3, 402))
  }
  backend.send(room, 1, 'live again')
  for (const socket of [slow, slowWide]) await until(() => socket.seqs().at(-1) === 403)
})

test('a reader that stops for good is closed with 4408, and costs little until then', async () => {
  const { backend, enter, socketAt } = await startRelay({
    options: { ...options, stuckAfter: 400, sweepInterval: 20, socketsPerUser: 10, closeTimeout: 20_000 },
  })
  const room = backend.room(1, 2)
  const lively = await enter(1, room)
  const stopped = await Promise.all(range(1, 10).map(() => enter(2, room)))
  for (const { socket } of stopped) socket.pause()
  const before = process.memoryUsage().arrayBuffers
  let highest = 0
  for (const index of range(1, 400)) {
    backend.send(room, 1, `${index} ${large}`)
    if (index % 20 === 0) await until(() => lively.seqs().length === index)
    highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
  }
  // Ten queues of all that was sent would be 200 MB; what is on its way and not yet collected is far less.
  expect(highest).toBeLessThan(100 * 1024 * 1024)
  // Their places are free again.
  for (const _ of stopped) {
    await until(async () => {
      const next = socketAt(`/ws/chat/?token=${backend.token(2)}`)
      await until(() => next.frames.length > 0 || next.closeCode !== undefined)
      return next.closeCode === undefined
    })
  }
  for (const { socket } of stopped) socket.resume()
  for (const socket of stopped) expect(await socket.closed()).toBe(4408)
  await lively.fence()
})

test('a reader that stops and asks on and on is closed', async () => {
  const { backend, enter } = await startRelay({ options: { ...options, slowBytes: 16 * 1024, stuckBytes: 32 * 1024, closeTimeout: 50 } })
  const room = backend.room(1, 2)
  const [asking, other] = [await enter(1, room), await enter(2, room)]
  asking.socket.pause()
  let isOpen = true
  asking.socket.on('close', () => {
    isOpen = false
  })
  await until(async () => {
    for (const _ of range(1, 2_000)) asking.sayText('not JSON, and answered by an error that is longer than this')
    await other.fence()
    return !isOpen
  })
  await other.fence()
})

test('a removed member is put out though he does not read', async () => {
  const { backend, enter, relay } = await startRelay({ options })
  const room = backend.room(1, 2)
  const [lively, slow] = [await enter(1, room), await enter(2, room)]
  slow.socket.pause()
  for (const index of range(1, 200)) {
    backend.send(room, 1, `${index} ${large}`)
    if (index % 20 === 0) await until(() => lively.seqs().length === index)
  }
  backend.remove(room, 2)
  await lively.next('participant_removed')
  const seen = room.head - 1
  backend.send(room, 1, 'a secret')
  slow.socket.resume()
  expect(await slow.closed()).toBe(4403)
  expect(Math.max(...slow.seqs())).toBeLessThan(seen)
  expect(await relay.ready()).toBe(true)
})
