import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { rawUpgrade } from './support/raw-socket.ts'
import { startRelay } from './support/relay.ts'

async function twoRooms(options = {}) {
  const started = await startRelay({ options })
  const { backend, enter } = started
  const [room, honest] = [backend.room(1), backend.room(2, 3)]
  const others = [await enter(2, honest), await enter(3, honest)]
  /** The attacker is gone, the others still talk. */
  async function othersTalk() {
    const before = honest.head
    others[0]?.say({ type: 'chat_message', message: 'still here' })
    for (const other of others) await until(() => other.seqs().at(-1) === before + 1)
  }
  return { ...started, room, attacker: await enter(1, room), othersTalk }
}

test('a frame over 64 KiB closes with 1009, one of 64 KiB does not', async () => {
  const { attacker, othersTalk } = await twoRooms()
  attacker.sayText(`"${'x'.repeat(64 * 1024 - 2)}"`)
  expect(await attacker.next('error')).toMatchObject({ code: 'invalid' })
  attacker.sayText('x'.repeat(64 * 1024 + 1))
  expect(await attacker.closed()).toBe(1009)
  await othersTalk()
})

test('a binary frame closes with 1003', async () => {
  const { attacker, othersTalk } = await twoRooms()
  attacker.socket.send(Buffer.from('{"type":"ping"}'))
  expect(await attacker.closed()).toBe(1003)
  await othersTalk()
})

test('text that is not UTF-8 closes with 1007', async () => {
  const { attacker, othersTalk } = await twoRooms()
  attacker.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false })
  expect(await attacker.closed()).toBe(1007)
  await othersTalk()
})

test('fragments without end close with 1009', async () => {
  const { attacker, othersTalk } = await twoRooms()
  for (const _ of range(1, 70)) attacker.socket.send('x'.repeat(1024), { fin: false })
  expect(await attacker.closed()).toBe(1009)
  await othersTalk()
})

test.each([
  ['reserved bits', [0xf1, 0x80, 0, 0, 0, 0]],
  ['a compressed frame', [0xc1, 0x80, 0, 0, 0, 0]],
  ['a frame without mask', [0x81, 0x01, 0x78]],
  ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0]],
])('%s closes with 1002', async (_name, bytes) => {
  const { backend, room, port, othersTalk } = await twoRooms()
  const wire = await rawUpgrade(port, `/ws/chat/${room.id}/?token=${backend.token(1)}`)
  const heard: Buffer[] = []
  wire.on('data', (bytes) => heard.push(bytes))
  wire.write(Buffer.from(bytes))
  await until(() => Buffer.concat(heard).includes(Buffer.from([0x88, 0x02, 0x03, 0xea])))
  wire.destroy()
  await othersTalk()
})

test('protocol pings are answered', async () => {
  const { attacker } = await twoRooms()
  const pong = new Promise((resolve) => attacker.socket.once('pong', resolve))
  attacker.socket.ping('x')
  expect(String(await pong)).toBe('x')
})

test('who does not answer pings is gone, who does stays', async () => {
  const { backend, enter, port, room } = await twoRooms({ pingInterval: 20, pongTimeout: 400, sweepInterval: 10 })
  const wire = await rawUpgrade(port, `/ws/chat/${room.id}/?token=${backend.token(1)}`)
  const lively = await enter(1, room)
  const gone = new Promise((resolve) => wire.on('close', resolve))
  wire.resume()
  await gone
  await lively.fence()
})

test('a flood of pings and commands by one is not felt by the others', async () => {
  const { attacker, othersTalk } = await twoRooms()
  for (const _ of range(1, 5_000)) {
    attacker.socket.ping()
    attacker.say({ type: 'ping' })
  }
  await othersTalk()
  await until(() => attacker.of('pong').length === 5_000)
})

test('closing, the relay lets nobody in and closes the sockets one after another with 1012', async () => {
  const { relay, backend, refused, enter } = await startRelay({ options: { drainTime: 200 } })
  const room = backend.room(1)
  const sockets = await Promise.all(range(1, 10).map(() => enter(1, room)))
  expect(await relay.ready()).toBe(true)
  const start = performance.now()
  const closing = relay.close()
  expect(relay.close()).toBe(closing)
  expect(await relay.ready()).toBe(false)
  expect(await refused(`/ws/chat/?token=${backend.token(1)}`)).toMatchObject({ status: 503 })
  expect(sockets.filter(({ closeCode }) => closeCode === undefined).length).toBeGreaterThan(0)
  await closing
  expect(performance.now() - start).toBeGreaterThan(150)
  for (const socket of sockets) expect(await socket.closed()).toBe(1012)
})

test('without a server the relay is not ready; without the bus it is, a second behind', async () => {
  let isUp = true
  const { relay, backend } = await startRelay({ wrapBus: (bus) => ({ ...bus, isUp: () => isUp }) })
  backend.up = false
  expect(await relay.ready()).toBe(false)
  backend.up = true
  isUp = false
  expect(await relay.ready()).toBe(true)
})
