import { describe, expect, test } from 'vitest'
import { createJoiner, encodeFrame } from '../../relay/wire.ts'
import { until } from '../support/until.ts'
import { range } from './support/ordered.ts'
import { clientFrame, parseFrames, rawUpgrade } from './support/raw-socket.ts'
import { startRelay } from './support/relay.ts'

const [text, close, ping, pong] = [1, 8, 9, 10]

/** The texts in the bytes; clients of `ws` read such frames in all other tests. */
function read(bytes: Buffer): string[] {
  const { frames, rest } = parseFrames(Buffer.concat([Buffer.from('\r\n\r\n'), bytes]))
  expect(rest).toHaveLength(0)
  return frames.map(({ content }) => String(content))
}

describe('an encoded frame', () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 300_000])('of %i bytes is read as its text', (length) => {
    expect(read(encodeFrame('x'.repeat(length)))).toEqual(['x'.repeat(length)])
  })

  test('counts bytes, not characters', () => {
    const texts = ['é'.repeat(63), '漢'.repeat(42), '🏖️'.repeat(20_000)]
    expect(read(Buffer.concat(texts.map(encodeFrame)))).toEqual(texts)
  })
})

test('frames are joined in their order, and what several sockets get alike is joined once', () => {
  const { join, forget } = createJoiner()
  const [one, two, three] = ['one', 'two', 'three'].map((each) => Buffer.from(each)) as [Buffer, Buffer, Buffer]
  expect(join([one])).toBe(one)
  const both = join([one, two])
  expect(String(both)).toBe('onetwo')
  expect(join([one, two])).toBe(both)
  expect(String(join([two, one]))).toBe('twoone')
  expect(String(join([two, one, three]))).toBe('twoonethree')
  forget()
  expect(join([one, two])).not.toBe(both)
})

/** A raw socket in a room, and all that was written to it. */
async function rawSeat(started: Awaited<ReturnType<typeof startRelay>>, roomId: string) {
  const wire = await rawUpgrade(started.port, `/ws/chat/${roomId}/?token=${started.backend.token(1)}`)
  const heard: Buffer[] = []
  const seen = () => parseFrames(Buffer.concat(heard))
  wire.on('data', (bytes) => heard.push(bytes))
  await until(() => seen().frames.length === 1)
  const messages = () =>
    seen()
      .frames.filter(({ opcode }) => opcode === text)
      .map(({ content }) => JSON.parse(String(content)))
      .filter((frame) => frame.type === 'chat_message')
  return { wire, seen, messages }
}

test('frames of every size, torn anywhere on their way, come whole and in order, with the answers to pings between them', async () => {
  const started = await startRelay()
  const room = started.backend.room(1, 2)
  const { wire, seen, messages } = await rawSeat(started, room.id)
  const sizes = range(1, 300).map((index) => [10, 200, 5_000, 70_000][index % 4] ?? 0)
  for (const [index, size] of sizes.entries()) {
    started.backend.send(room, 2, `${index} ${'x'.repeat(size)}`)
    if (index % 10 === 0) wire.write(clientFrame(ping, Buffer.from(String(index))))
    if (index % 50 === 0) await new Promise(setImmediate)
  }
  await until(() => messages().length === sizes.length && seen().frames.filter(({ opcode }) => opcode === pong).length === 30)
  expect(messages().map(({ message }) => message.content)).toEqual(sizes.map((size, index) => `${index} ${'x'.repeat(size)}`))
  const pongs = seen().frames.filter(({ opcode }) => opcode === pong)
  expect(pongs.map(({ content }) => Number(String(content)))).toEqual(range(0, 29).map((count) => count * 10))
  expect(seen().rest).toHaveLength(0)
  wire.destroy()
})

test('closed in the midst of a tick, a socket gets what came before, then the goodbye, then nothing', async () => {
  const started = await startRelay()
  const room = started.backend.room(1, 2)
  const { wire, seen, messages } = await rawSeat(started, room.id)
  for (const index of range(1, 20)) started.backend.send(room, 2, `before ${index}`)
  started.backend.remove(room, 1)
  for (const index of range(1, 20)) started.backend.send(room, 2, `after ${index}`)
  await until(() => seen().frames.at(-1)?.opcode === close)
  expect(messages().map(({ message }) => message.content)).toEqual(range(1, 20).map((index) => `before ${index}`))
  expect(seen().frames.at(-1)?.content.readUInt16BE(0)).toBe(4403)
  const ended = new Promise((resolve) => wire.once('close', resolve))
  wire.write(clientFrame(close, seen().frames.at(-1)?.content))
  await ended
  expect(seen().frames.at(-1)?.opcode).toBe(close)
  expect(seen().rest).toHaveLength(0)
})

test('who says goodbye while others write is answered, and gets nothing after the answer', async () => {
  const started = await startRelay()
  const room = started.backend.room(1, 2)
  const { wire, seen } = await rawSeat(started, room.id)
  const ended = new Promise((resolve) => wire.once('close', resolve))
  for (const index of range(1, 200)) {
    started.backend.send(room, 2, `${index}`)
    if (index === 100) wire.write(clientFrame(close, Buffer.from([0x03, 0xe8])))
    if (index % 20 === 0) await new Promise(setImmediate)
  }
  await ended
  const { frames, rest } = seen()
  expect(frames.filter(({ opcode }) => opcode === close)).toHaveLength(1)
  expect(frames.at(-1)?.opcode).toBe(close)
  expect(rest).toHaveLength(0)
})
