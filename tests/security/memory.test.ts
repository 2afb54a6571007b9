import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { until } from '../support/until.ts'
import { type Attacked, startAttacked } from './support/attacked.ts'
import { frameOf, openWire } from './support/wire.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

let chat: Attacked
let mallory: Person
let room: string
beforeAll(async () => {
  chat = await startAttacked({ env: { LOG_LEVEL: 'silent' } })
  ;[mallory] = await chat.newPeople('mallory')
  room = await chat.group(mallory)
})
afterAll(() => chat.close())

/** Of what is in use once all that can go is gone. */
async function settledMegabytes(): Promise<number> {
  await chat.unharmed()
  for (let round = 0; round < 4; round++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 / 1024
}

/** Sockets that flood, that send half a frame, and that never read what they asked for; all go without a word. */
async function attackBySocket(): Promise<void> {
  const wires = await Promise.all(Array.from({ length: 18 }, () => openWire(chat.url, `/ws/chat/${room}/?token=${mallory.access}&since=0`)))
  for (const wire of wires) {
    wire.socket.pause()
    const typing = frameOf('{"type":"typing","is_typing":true}')
    wire.send(...Array.from({ length: 300 }, () => typing), frameOf('x'.repeat(60_000), { fin: false }))
    wire.send(frameOf(JSON.stringify({ type: 'chat_message', message: 'x'.repeat(9_000), client_id: 'same' })).subarray(0, 500))
  }
  await Promise.all(
    wires.map(({ socket }) => new Promise<void>((resolve) => socket.write('', () => resolve(socket.resetAndDestroy() && undefined)))),
  )
  await until(async () => (await mallory.open(room).refused) === undefined)
  mallory.disconnectAll()
}

/** Bodies that are large and wrong, bodies that end too soon, searches for nonsense, addresses without end. */
async function attackByRequest(): Promise<void> {
  const large = `{"room":"${room}","content":"${'x'.repeat(250_000)}`
  const upload = `POST /api/chat/messages/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${mallory.access}\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 200000\r\n\r\n--b\r\n`
  const requests = Array.from({ length: 40 }, async (_, index) => {
    expect((await mallory.post('/api/chat/messages/', large)).status).toBe(400)
    expect((await mallory.get(`/api/chat/messages/search/?q=${'%25_'.repeat(120)}${index}`)).status).toBe(400)
    expect(
      (await mallory.request('GET', '/api/chat/rooms/', undefined, { authorization: `Bearer ${'a'.repeat(7_000)}${index}` })).status,
    ).toBe(401)
    await chat.raw(upload, 'x'.repeat(300_000))
  })
  await Promise.all(requests)
}

test('after attacks the memory returns', { timeout: 120_000 }, async () => {
  for (let count = 0; count < 30; count++) await mallory.say(room, 'x'.repeat(9_000))
  const attack = async () => {
    await attackBySocket()
    await attackByRequest()
  }
  for (let round = 0; round < 2; round++) await attack()
  const before = await settledMegabytes()
  for (let round = 0; round < 5; round++) await attack()
  // One round's bodies and floods alone are more than 30 MB.
  expect((await settledMegabytes()) - before).toBeLessThan(8)
})
