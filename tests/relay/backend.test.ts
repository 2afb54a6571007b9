import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type BackendOptions, openBackend } from '../../relay/backend.ts'
import { encodeSaid, type StreamAnswer, type StreamCommand, type StreamText, streamPath } from '../../schemas/backend.ts'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { quiet } from './support/relay.ts'

const secret = 'a secret that relay and server know'
const room_id = '0190aaaa-0000-7000-8000-000000000001'
type Reply = (command: StreamCommand) => StreamAnswer | undefined

const byHead: Reply = ([number]) => [number, null, { events: `answer ${number}` }]

/** A server's end of the stream, on a port of its own. */
async function streamServer(reply: Reply = byHead, port = 0, told: StreamText[] = []) {
  const http = createServer()
  const sockets = new Set<WebSocket>()
  const texts: StreamCommand[][] = []
  const server = new WebSocketServer({ server: http, path: streamPath, autoPong: false })
  const state = { reply, deaf: false, opened: 0 }
  server.on('connection', (socket, request) => {
    if (request.headers.authorization !== `Bearer ${secret}`) return socket.close(1008)
    sockets.add(socket)
    state.opened++
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.on('ping', () => !state.deaf && socket.pong())
    socket.on('message', (text) => {
      const commands = JSON.parse(String(text)) as StreamCommand[]
      texts.push(commands)
      if (!state.deaf)
        socket.send(
          encodeSaid(
            commands.flatMap((command) => [state.reply(command)].filter((answer) => answer !== undefined)),
            told,
          ),
        )
    })
  })
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  async function stop() {
    for (const socket of sockets) socket.terminate()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
  onTestFinished(stop)
  const address = http.address() as AddressInfo
  return { state, texts, sockets, stop, port: address.port, url: `http://127.0.0.1:${address.port}` }
}

function backendOf(urls: string[], options: Partial<BackendOptions> = {}) {
  const backend = openBackend({ urls, secret, log: quiet, options: { shortestPause: 2, longestPause: 20, ...options } })
  onTestFinished(() => backend.close())
  return backend
}

const commandsOf = (server: { texts: StreamCommand[][] }) => server.texts.flat().map(([number]) => number)

test('commands of one tick go as one text, and each gets its own answer', async () => {
  const server = await streamServer()
  const backend = backendOf([server.url])
  const answers = await Promise.all(range(1, 50).map(() => backend.ask('reads', { room_id })))
  expect(answers.map(({ events }) => events)).toEqual(range(1, 50).map((number) => `answer ${number}`))
  expect(server.texts).toHaveLength(1)
  expect(backend.isUp()).toBe(true)
})

test('of what comes with new sockets the first is asked at once, and what comes after it in one text', async () => {
  const server = await streamServer()
  const backend = backendOf([server.url], { arrivalPause: 60 })
  await until(() => backend.isUp())
  const authorize = () => backend.ask('authorize', { token: 'token', room_id })
  const begun = performance.now()
  await authorize()
  const later: Promise<unknown>[] = []
  for (const _ of range(1, 10)) later.push(authorize(), backend.ask('reads', { room_id }))
  await Promise.all(later)
  // A timer may be a millisecond early.
  expect(performance.now() - begun).toBeGreaterThanOrEqual(58)
  expect(server.texts.map((commands) => commands.length)).toEqual([1, 20])
})

test('a message waits for no sockets, and takes what waits along in its place', async () => {
  const server = await streamServer()
  const backend = backendOf([server.url], { arrivalPause: 60_000 })
  await until(() => backend.isUp())
  await backend.ask('reads', { room_id })
  const waits = backend.ask('open', { user_id: 1, room_ids: [room_id] })
  await backend.ask('send', { user_id: 1, room_id, content: 'hello', reply_to: null, client_id: 'c1' })
  await waits
  expect(server.texts.map((commands) => commands.map(([, name]) => name))).toEqual([['reads'], ['open', 'send']])
})

test('texts that come with answers are told before these, as they were said', async () => {
  const texts: StreamText[] = [
    ['room:one', '1\t\t{"type":"chat_message"}\n2\t\t{"text":"\\u001e 😀"}'],
    ['room:two', ''],
  ]
  const server = await streamServer(byHead, 0, texts)
  const backend = backendOf([server.url])
  const heard: unknown[] = []
  backend.onText((...text) => heard.push(text))
  heard.push(await backend.ask('reads', { room_id }))
  expect(heard).toEqual([...texts, { events: 'answer 1' }])
})

test('a refusal arrives as the ChatError it was', async () => {
  const body = { detail: 'Slow down.' }
  const server = await streamServer(([number]) => [number, { code: 'too_many_requests', body, retryAfter: 3 }, null])
  const backend = backendOf([server.url])
  await expect(backend.ask('reads', { room_id })).rejects.toMatchObject({
    name: 'ChatError',
    code: 'too_many_requests',
    message: 'Slow down.',
    body,
    retryAfter: 3,
  })
})

test('what a server took and did not answer is asked of another one, in order', async () => {
  const [first, second] = [await streamServer(() => undefined), await streamServer()]
  const backend = backendOf([first.url, second.url])
  const answers = range(1, 20).map(() => backend.ask('reads', { room_id }))
  await until(() => commandsOf(first).length === 20)
  await first.stop()
  expect((await Promise.all(answers)).map(({ events }) => events)).toEqual(range(1, 20).map((number) => `answer ${number}`))
  expect(commandsOf(second)).toEqual(range(1, 20))
})

test('a server that falls silent without closing is left for another', async () => {
  const [first, second] = [await streamServer(() => undefined), await streamServer()]
  const backend = backendOf([first.url, second.url], { pingEvery: 20, silentFor: 100 })
  await until(() => backend.isUp())
  first.state.deaf = true
  expect(await backend.ask('reads', { room_id })).toEqual({ events: 'answer 1' })
  expect(commandsOf(second)).toEqual([1])
})

test('a server that takes connections and never answers them is passed over', async () => {
  const mute = createServer()
  mute.on('upgrade', () => undefined)
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    mute.closeAllConnections()
    mute.close()
  })
  const second = await streamServer()
  const backend = backendOf([`ws://127.0.0.1:${(mute.address() as AddressInfo).port}`, second.url], { connectWithin: 50 })
  expect(await backend.ask('reads', { room_id })).toEqual({ events: 'answer 1' })
})

test('it comes back to a server that was away, and answers what waited', async () => {
  const server = await streamServer()
  const backend = backendOf([server.url])
  await until(() => backend.isUp())
  await server.stop()
  await until(() => !backend.isUp())
  const answer = backend.ask('reads', { room_id })
  await streamServer(byHead, server.port)
  expect(await answer).toEqual({ events: 'answer 1' })
})

test('without any server a command is given up in time, and so is one too many', async () => {
  const backend = backendOf(['http://127.0.0.1:1'], { answerWithin: 60, waitingLimit: 3 })
  const asked = range(1, 3).map(() => backend.ask('reads', { room_id }))
  const expected = { code: 'unavailable', retryAfter: 1 }
  await expect(backend.ask('reads', { room_id })).rejects.toMatchObject(expected)
  for (const answer of asked) await expect(answer).rejects.toMatchObject(expected)
  expect(backend.isUp()).toBe(false)
})

test('answers that are nonsense end the stream and not the process', async () => {
  const server = await streamServer()
  const backend = backendOf([server.url])
  await until(() => backend.isUp())
  for (const socket of server.sockets) socket.send('not JSON')
  await until(() => server.state.opened === 2)
  expect(await backend.ask('reads', { room_id })).toEqual({ events: 'answer 1' })
})

test('without the secret there is no stream', async () => {
  const server = await streamServer()
  const backend = openBackend({ urls: [server.url], secret: 'another', log: quiet, options: { answerWithin: 60 } })
  onTestFinished(() => backend.close())
  await expect(backend.ask('reads', { room_id })).rejects.toMatchObject({ code: 'unavailable' })
  expect(server.texts).toEqual([])
})
