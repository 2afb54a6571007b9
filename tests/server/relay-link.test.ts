import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { openDatabase } from '../../db/open.ts'
import { openBackend } from '../../relay/backend.ts'
import { createMemoryBus } from '../../relay/bus/memory.ts'
import { type BackendCommand, decodeSaid, type StreamCommand, streamPath, withTexts } from '../../schemas/backend.ts'
import { decodeEvents, roomChannel } from '../../schemas/bus.ts'
import { longestMessage } from '../../schemas/messages.ts'
import { createBackend } from '../../server/backend.ts'
import { buildServer } from '../../server/build.ts'
import { tapBus } from '../../server/bus-tap.ts'
import { openDiskStorage } from '../../server/storage/disk.ts'
import { startStream } from '../../server/stream.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import { until } from '../support/until.ts'

const secret = 'known to relay and server'
const log = pino({ level: 'silent' })
let chat: TestChat
let url: string
let close: () => Promise<void>

/** A server as production runs it, beside the whole service, on its database. */
beforeAll(async () => {
  chat = await startChat()
  const database = openDatabase({ url: chat.databaseUrl })
  const bus = tapBus(createMemoryBus())
  const storage = await openDiskStorage(join(chat.dataDir, 'of-another-server'))
  const limits = { requests: 1_000_000, sends: 1_000_000, address: 1_000_000 }
  const built = await buildServer({ database, bus, storage, log, signingKey: 'k'.repeat(32), limits })
  const stream = await startStream({ backend: createBackend(built.chat), bus, secret, host: '127.0.0.1', port: 0, log })
  url = stream.url
  close = async () => {
    await stream.close()
    await built.app.close()
    await bus.close()
    await database.close()
  }
})

afterAll(async () => {
  await close()
  await chat.close()
})

function openRelay() {
  const backend = openBackend({ urls: [url], secret, log })
  onTestFinished(() => backend.close())
  const heard: [channel: string, text: string][] = []
  backend.onText((...text) => heard.push(text))
  return { backend, heard }
}

async function people() {
  const [alice, bob] = await chat.newPeople('alice', 'bob')
  const room = await chat.group(alice, bob)
  const message = (content: string): BackendCommand<'send'> => ({
    user_id: alice.id,
    room_id: room,
    content,
    reply_to: null,
    client_id: randomUUID(),
  })
  return { room, message }
}

/** The stream as it is on the wire. */
async function openRaw(protocols: string[]) {
  const socket = new WebSocket(url.replace('http', 'ws') + streamPath, protocols, { headers: { authorization: `Bearer ${secret}` } })
  onTestFinished(() => socket.terminate())
  const said: string[] = []
  socket.on('message', (text) => said.push(String(text)))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const ask = (...commands: StreamCommand[]) => socket.send(JSON.stringify(commands))
  return { socket, said, ask }
}

test('a relay that sends has the frame with its answer; another one, whom the bus tells, does not', async () => {
  const [sending, other] = [openRelay(), openRelay()]
  const { room, message } = await people()
  await until(() => sending.backend.isUp() && other.backend.isUp())
  const { id, seq } = await sending.backend.ask('send', message('hello'))

  expect(sending.heard.map(([channel]) => channel)).toEqual([roomChannel(room)])
  const [event] = decodeEvents(sending.heard[0]?.[1] ?? '')
  expect(event).toMatchObject({ seq, effect: undefined })
  expect(JSON.parse(event?.frame ?? '')).toMatchObject({ type: 'chat_message', room_id: room, seq, message: { id, content: 'hello' } })
  await other.backend.ask('reads', { room_id: room })
  expect(other.heard).toEqual([])
})

test('a relay is told of its own sends, and no longer when they are answered', async () => {
  const [sending, other] = [openRelay(), openRelay()]
  const { message } = await people()
  await until(() => sending.backend.isUp() && other.backend.isUp())
  await sending.backend.ask('send', message('first'))
  await expect(sending.backend.ask('send', message(' '))).rejects.toMatchObject({ code: 'invalid' })
  await other.backend.ask('send', message('second'))
  await sending.backend.ask('heads', { room_ids: [], user_ids: [] })
  expect(sending.heard).toHaveLength(1)
  expect(other.heard).toHaveLength(1)
})

test('a relay of before gets answers alone', async () => {
  const { message } = await people()
  const { said, ask } = await openRaw([])
  ask([7, 'send', message('hello')])
  await until(() => said.length > 0)
  expect(JSON.parse(said.join(''))).toEqual([[7, null, { id: expect.any(String), seq: expect.any(Number) }]])
})

test('what is no part of the history is not told: it could come twice', async () => {
  const { room, message } = await people()
  const { said, ask } = await openRaw([withTexts])
  const { id: message_id } = await openRelay().backend.ask('send', message('first'))
  ask([1, 'send', message('second')], [2, 'read', { user_id: message('').user_id, room_id: room, message_id, connection_id: 'c' }])
  ask([3, 'read_room', { user_id: message('').user_id, room_id: room, connection_id: 'c' }], [4, 'send', message('third')])
  await until(() => said.flatMap((one) => decodeSaid(one).answers).length === 4)
  const told = said.flatMap((one) => decodeSaid(one).texts).flatMap(([, text]) => decodeEvents(text))
  expect(told.map(({ seq }) => seq > 0)).toEqual([true, true])
})

test('a command of another shape is refused, and those beside it are answered', async () => {
  const { message } = await people()
  const { said, ask } = await openRaw([withTexts])
  ask([1, 'send', { ...message('hello'), content: 5 }], [2, 'heads', null], [3, 'heads', { room_ids: [], user_ids: [] }])
  const answers = () => said.flatMap((one) => decodeSaid(one).answers)
  await until(() => answers().length === 3)
  const refused = { code: 'invalid', body: { detail: 'The command has another shape.' } }
  expect(answers()).toEqual([
    [1, refused, null],
    [2, refused, null],
    [3, null, { epoch: 1, seqs: [], versions: [], memberships: [] }],
  ])
})

test('a relay that does not read gets all answers, and no more texts than fit', async () => {
  const { message } = await people()
  const { socket, said, ask } = await openRaw([withTexts])
  const long = 'x'.repeat(longestMessage)
  const sends = 2_000
  socket.pause()
  for (let number = 1; number <= sends; number++) ask([number, 'send', message(`${number} ${long.slice(10)}`)])
  const others = openRelay()
  await until(() => others.backend.isUp())
  // Stored after all of those.
  const { message: later } = await people()
  await others.backend.ask('send', later('later'))
  socket.resume()
  const answered = () => said.flatMap((one) => decodeSaid(one).answers)
  await until(() => answered().length === sends)
  expect(answered().map(([, refusal]) => refusal)).toEqual(Array(sends).fill(null))
  const told = said.flatMap((one) => decodeSaid(one).texts).flatMap(([, text]) => decodeEvents(text))
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThan(sends)
  for (const one of said) expect(decodeSaid(one).texts.join('').length).toBeLessThanOrEqual(1024 * 1024 + 1_000)
})
