import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { createMemoryBus } from '../../relay/bus/memory.ts'
import { openRedisBus } from '../../relay/bus/redis.ts'
import type { Bus } from '../../schemas/bus.ts'
import { listenTo } from '../support/bus-listener.ts'
import { redisForTests } from '../support/redis.ts'
import { type RedisCluster, redisCluster } from '../support/redis-cluster.ts'
import { until } from '../support/until.ts'

type Implementation = { name: string; open(prefix: string, now?: () => number): Bus; fences?(prefix: string): string[] }

let redis: Awaited<ReturnType<typeof redisForTests>>
let cluster: RedisCluster
beforeAll(async () => {
  if (!inject('redis')) return
  redis = await redisForTests()
  cluster = await redisCluster()
})
afterAll(async () => {
  await redis?.close()
  await cluster?.close()
})

const log = { info: () => undefined, warn: () => undefined }
const memory: Implementation = { name: 'memory', open: (_prefix, now) => createMemoryBus({ now }) }
const overRedis: Implementation = { name: 'redis', open: (prefix, now) => openRedisBus({ urls: [redis?.url ?? ''], prefix, log, now }) }
const overCluster: Implementation = {
  name: 'redis cluster',
  open: (prefix, now) => openRedisBus({ urls: cluster.urls, prefix, log, now }),
  fences: (prefix) => cluster.nameOnEach('fence', prefix),
}

describe.each(inject('redis') ? [memory, overRedis, overCluster] : [memory])('the bus ($name)', ({ open, fences }) => {
  const opened: Bus[] = []
  let prefixes = 0
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()))
  })

  async function openBus(now?: () => number) {
    const bus = open(`test:${process.pid}:${++prefixes}:`, now)
    opened.push(bus)
    await until(() => bus.isUp())
    return bus
  }

  const listen = (bus: Bus) => listenTo(bus, fences?.(`test:${process.pid}:${prefixes}:`))

  test('texts of a channel arrive in the order in which they were published, and none is missing', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await Promise.all([bus.subscribe('room:a'), bus.subscribe('room:b')])
    const sent = Array.from({ length: 2000 }, (_, n): [string, string] => [n % 3 ? 'room:a' : 'room:b', `text ${n}`])
    for (const [channel, text] of sent) bus.publish(channel, text)
    await heard.fence()
    const on = (wanted: string, texts: [string, string][]) => texts.filter(([channel]) => channel === wanted)
    for (const channel of ['room:a', 'room:b']) expect(on(channel, heard.texts)).toEqual(on(channel, sent))
    expect(heard.texts).toHaveLength(sent.length)
    expect(heard.gaps()).toBe(0)
  })

  test('publish returns before anybody hears the text', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await bus.subscribe('room:a')
    bus.publish('room:a', 'x')
    expect(heard.texts).toEqual([])
    await heard.fence()
    expect(heard.texts).toEqual([['room:a', 'x']])
  })

  test('any text passes unchanged', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await bus.subscribe('room:a')
    const texts = ['', ' ', '\0', '\r\n', 'ж🎈\u2028', '1\t\t{"a":1}\n2\t\t{"b":2}', '*1\r\n$4\r\nQUIT\r\n']
    for (const text of texts) bus.publish('room:a', text)
    await heard.fence()
    expect(heard.texts.map(([, text]) => text)).toEqual(texts)
  })

  test('a text of 10 MB passes, and what follows it', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await bus.subscribe('room:a')
    const long = 'ä'.repeat(5 * 1024 * 1024)
    bus.publish('room:a', long)
    bus.publish('room:a', 'after')
    await heard.fence()
    expect(heard.texts.map(([, text]) => text === long || text)).toEqual([true, 'after'])
    expect(bus.isUp()).toBe(true)
  })

  test('a channel without subscription is not heard, nor one given up', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await bus.subscribe('room:a')
    bus.publish('room:b', 'never subscribed')
    await heard.fence()
    bus.unsubscribe('room:a')
    bus.publish('room:a', 'given up')
    bus.unsubscribe('room:c')
    await heard.fence()
    expect(heard.texts).toEqual([])
  })

  test('once unsubscribe has returned, nothing of the channel is heard, not even what was on its way', async () => {
    const bus = await openBus()
    const heard: string[] = []
    await bus.subscribe('room:a')
    bus.onText((_channel, text) => {
      heard.push(text)
      bus.unsubscribe('room:a')
    })
    for (const text of ['1', '2', '3']) bus.publish('room:a', text)
    await until(() => heard.length > 0)
    await listen(bus).fence()
    expect(heard).toEqual(['1'])
  })

  test('two thousand subscriptions asked for at once are all confirmed', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    const channels = Array.from({ length: 2000 }, (_, n) => `room:${n}`)
    await Promise.all(channels.map((channel) => bus.subscribe(channel)))
    for (const channel of channels) bus.publish(channel, 'x')
    await heard.fence()
    expect(heard.texts.map(([channel]) => channel).sort()).toEqual(channels.sort())
  })

  test('the last wish for a channel counts, whatever was wished shortly before', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    const wish = fc.record({ on: fc.boolean(), channel: fc.constantFrom('a', 'b', 'c'), pause: fc.boolean() })
    const property = fc.asyncProperty(fc.array(wish, { maxLength: 30 }), async (wishes) => {
      const last = new Map<string, boolean>()
      for (const { on, channel, pause } of wishes) {
        if (on) bus.subscribe(channel).catch(() => undefined)
        else bus.unsubscribe(channel)
        last.set(channel, on)
        if (pause) await new Promise(setImmediate)
      }
      const expected = [...last].flatMap(([channel, on]) => (on ? [channel] : []))
      await Promise.all(expected.map((channel) => bus.subscribe(channel)))
      heard.texts.length = 0
      for (const channel of ['a', 'b', 'c']) bus.publish(channel, channel)
      await heard.fence()
      for (const channel of ['a', 'b', 'c']) bus.unsubscribe(channel)
      expect(heard.texts.map(([channel]) => channel).sort()).toEqual(expected.sort())
    })
    await fc.assert(property, { numRuns: 50 })
  })

  test('a user counts as typing for ten seconds after the last start', async () => {
    let now = 1_800_000_000_000
    const bus = await openBus(() => now)
    await bus.startTyping('r', 1)
    now += 4000
    await bus.startTyping('r', 2)
    expect(await bus.listTyping('r')).toEqual([
      { userId: 1, startedAt: now - 4000 },
      { userId: 2, startedAt: now },
    ])
    now += 5999
    expect((await bus.listTyping('r')).map((entry) => entry.userId)).toEqual([1, 2])
    now += 1
    expect((await bus.listTyping('r')).map((entry) => entry.userId)).toEqual([2])
    await bus.startTyping('r', 2)
    now += 9999
    expect((await bus.listTyping('r')).map((entry) => entry.userId)).toEqual([2])
    expect(await bus.stopTyping('r', 1)).toBe(false)
    expect(await bus.listTyping('other')).toEqual([])
  })

  test('stopping says whether there was something to stop, once', async () => {
    const bus = await openBus()
    await bus.startTyping('r', 1)
    expect(await bus.stopTyping('other', 1)).toBe(false)
    const answers = await Promise.all([bus.stopTyping('r', 1), bus.stopTyping('r', 1)])
    expect(answers.sort()).toEqual([false, true])
    expect(await bus.listTyping('r')).toEqual([])
  })

  test('counters add up over all who count, each by itself, and are forgotten after their time', async () => {
    let now = 1_800_000_000_000
    const bus = await openBus(() => now)
    expect(
      await bus.count(
        new Map([
          ['a', 1],
          ['b', 5],
        ]),
        60_000,
      ),
    ).toEqual(
      new Map([
        ['a', 1],
        ['b', 5],
      ]),
    )
    const counts = Array.from(
      { length: 100 },
      (_, n) =>
        new Map([
          ['a', 1],
          [`c${n}`, n],
        ]),
    )
    const totals = await Promise.all(counts.map((count) => bus.count(count, 60_000)))
    expect(totals.map((total) => total.get('a'))).toEqual(counts.map((_, n) => n + 2))
    expect(totals.map((total, n) => total.get(`c${n}`))).toEqual(counts.map((_, n) => n))
    await until(async () => {
      now += 60
      return (await bus.count(new Map([['short', 1]]), 60)).get('short') === 1
    })
    expect(await bus.count(new Map([['b', 2]]), 60_000)).toEqual(new Map([['b', 7]]))
  })

  test('a closed bus is quiet: nothing throws, subscribing is refused, closing again is allowed', async () => {
    const bus = await openBus()
    const heard = listen(bus)
    await bus.subscribe('room:a')
    await Promise.all([bus.close(), bus.close()])
    await bus.close()
    expect(bus.isUp()).toBe(false)
    bus.publish('room:a', 'x')
    bus.unsubscribe('room:a')
    await expect(bus.subscribe('room:b')).rejects.toThrow('closed')
    await Promise.all([bus.startTyping('r', 1), bus.stopTyping('r', 1), bus.listTyping('r'), bus.count(new Map([['a', 1]]), 1_000)])
    expect(heard.texts).toEqual([])
  })
})
