import { expect, test } from 'vitest'
import { createEmitter } from '../../public/client/emitter.ts'
import type { Wake } from '../../public/client/environment.ts'
import { ApiError, SignedOutError } from '../../public/client/errors.ts'
import { ChatSocket } from '../../public/client/socket.ts'
import type { TokenSource } from '../../public/client/tokens.ts'
import { FakeClock, settled } from './support/fake-clock.ts'
import { FakeService } from './support/fake-service.ts'

async function world() {
  const clock = new FakeClock()
  const service = new FakeService(clock)
  const events = createEmitter<{ token: string | undefined }>()
  let current = service.pair().access
  let renewals = 0
  const control = { failure: undefined as Error | undefined, wake: (_: Wake): void => undefined, random: 1 }
  const tokens: TokenSource = {
    access: async () => {
      if (control.failure) throw control.failure
      return current
    },
    renew: async () => {
      if (control.failure) throw control.failure
      renewals += 1
      current = service.pair().access
      events.emit('token', current)
      return current
    },
    expiresAt: () => clock.now() + service.life,
    onToken: (listener) => events.on('token', listener),
  }
  const socket = new ChatSocket({
    ...{ baseUrl: 'https://chat.test/', WebSocket: service.WebSocket, tokens, clock, random: () => control.random },
    watchWake: (listener) => {
      control.wake = listener
      return () => undefined
    },
    verify: async (token) => token === service.goodToken,
  })
  socket.start()
  await settled()
  const line = () => {
    const opened = service.opened.at(-1)
    if (!opened) throw new Error('no socket was opened')
    return opened
  }
  return { clock, service, socket, line, control, events, renewals: () => renewals }
}

test('the address is of all rooms, with the token', async () => {
  const { line, service, socket } = await world()
  expect(line().url).toBe(`wss://chat.test/ws/chat/?token=${service.goodToken}`)
  expect(socket.status.phase).toBe('open')
})

test('attempts wait longer and longer, at most 30 seconds', async () => {
  const { clock, service, line } = await world()
  service.offline = true
  line().drop(1006)
  const waits: number[] = []
  for (let attempt = 0; attempt < 9; attempt += 1) {
    const before = service.opened.length
    const began = clock.now()
    while (service.opened.length === before) await clock.advance(250)
    waits.push(clock.now() - began)
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('it comes back at once when the network does, but not after being told to slow down', async () => {
  const { service, line, control, clock } = await world()
  service.offline = true
  line().drop(1006)
  await clock.advance(20_000)
  service.offline = false
  const before = service.opened.length
  control.wake('online')
  await settled()
  expect(service.opened.length).toBe(before + 1)
  line().drop(4429)
  control.wake('visible')
  await clock.advance(4_999)
  expect(service.opened.length).toBe(before + 1)
})

test('a silent line is asked after 25 seconds and given up 10 seconds later', async () => {
  const { service, line, clock, socket } = await world()
  await clock.advance(25_000)
  expect(line().sent.at(-1)).toEqual({ type: 'ping' })
  await clock.advance(60_000)
  expect(service.opened).toHaveLength(1)
  line().deaf = true
  await clock.advance(36_000)
  expect(service.opened.length).toBeGreaterThan(1)
  expect(socket.status.phase).toBe('open')
})

test('asking again gives a dead line no more time', async () => {
  const { line, clock, socket } = await world()
  const dead = line()
  dead.deaf = true
  for (let second = 0; second < 4; second += 1) {
    socket.probe()
    await clock.advance(1_000)
  }
  expect(dead.closed).toBe(true)
})

test('after 4401 the token is renewed and the line is back at once; refused again, it waits', async () => {
  const { line, service, clock, renewals } = await world()
  await clock.advance(11_000)
  line().drop(4401)
  await clock.advance(0)
  expect([service.opened.length, renewals()]).toEqual([2, 1])
  line().drop(4401)
  await clock.advance(0)
  expect(service.opened.length).toBe(2)
  await clock.advance(2_000)
  expect([service.opened.length, renewals()]).toEqual([3, 2])
})

test('a token whose upgrade is refused is checked and renewed, though a browser is not told why', async () => {
  const { line, service, clock, socket, renewals } = await world()
  service.goodToken = 'another'
  line().drop(1006)
  await clock.advance(10_000)
  expect([renewals(), socket.status.phase]).toEqual([1, 'open'])
})

test('the token of an open line is renewed before its end, without a new line', async () => {
  const { line, service, clock } = await world()
  await clock.advance(service.life - 60_000)
  expect(line().sent.filter(({ type }) => type === 'refresh_token')).toEqual([{ type: 'refresh_token', token: service.goodToken }])
  expect(service.opened).toHaveLength(1)
})

test('signed out, it rests; signed in again, it connects', async () => {
  const { line, service, clock, control, events, socket } = await world()
  control.failure = new SignedOutError()
  line().drop(1006)
  await clock.advance(60_000)
  expect(socket.status.phase).toBe('signed_out')
  control.failure = undefined
  events.emit('token', service.goodToken)
  await settled()
  expect(socket.status.phase).toBe('open')
})

test('a token that cannot be had now is asked for again', async () => {
  const { line, clock, control, socket } = await world()
  control.failure = new ApiError(0, 'network', undefined)
  line().drop(1012)
  await clock.advance(10_000)
  expect(socket.status.phase).toBe('waiting')
  control.failure = undefined
  await clock.advance(30_000)
  expect(socket.status.phase).toBe('open')
})

test('a server that accepts and says nothing is left after ten seconds', async () => {
  const { line, service, clock } = await world()
  const upgrade = service.upgrade.bind(service)
  service.upgrade = () => undefined
  line().drop(1006)
  await clock.advance(1_000)
  const mute = line()
  service.upgrade = upgrade
  await clock.advance(12_000)
  expect([mute.closed, service.opened.length]).toEqual([true, 3])
})

test('stopped, nothing happens any more', async () => {
  const { line, service, socket, clock } = await world()
  const last = line()
  socket.stop()
  await clock.advance(120_000)
  expect([last.closed, service.opened.length, socket.send({ type: 'ping' })]).toEqual([true, 1, false])
})
