import { afterEach, expect, test } from 'vitest'
import { openRedisBus, type RedisBus } from '../../relay/bus/redis.ts'
import { listenTo } from '../support/bus-listener.ts'
import { describeWithRedis } from '../support/redis.ts'
import { type RedisServer, redisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

describeWithRedis('the Redis bus, when Redis fails', () => {
  const toClose: { close(): Promise<void> }[] = []
  const logged: string[] = []
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line))
  const log = { info: write, warn: write }

  afterEach(async () => {
    for (const part of toClose.splice(0).reverse()) await part.close()
    logged.length = 0
  })

  async function serverFor(options: string[] = []): Promise<RedisServer> {
    const server = await redisServer(options)
    toClose.push(server)
    return server
  }

  function busOn(url: string, prefix?: string): RedisBus {
    const bus = openRedisBus({ urls: [url], prefix, log })
    toClose.push(bus)
    return bus
  }

  async function running() {
    const server = await serverFor()
    await server.start()
    const bus = busOn(server.url)
    await until(() => bus.isUp())
    return { server, bus, heard: listenTo(bus) }
  }

  /** How many channels Redis itself knows somebody to be subscribed to. */
  async function subscribedChannels(server: RedisServer): Promise<number> {
    return (await server.admin().pubsub('CHANNELS')).length
  }

  test('without Redis nothing waits and nothing throws; when Redis comes, what was wanted is subscribed and a gap announced', async () => {
    const server = await serverFor()
    const bus = busOn(server.url)
    const heard = listenTo(bus)
    const asked = performance.now()
    await expect(bus.subscribe('room:a')).rejects.toThrow('not confirmed')
    expect(performance.now() - asked).toBeLessThan(2000)
    bus.publish('room:a', 'lost')
    await bus.startTyping('r', 1)
    expect(await bus.stopTyping('r', 1)).toBe(false)
    expect(await bus.listTyping('r')).toEqual([])
    expect(await bus.count(new Map([['a', 1]]), 60_000)).toEqual(new Map())
    expect([bus.isUp(), bus.lostPublishes(), heard.gaps()]).toEqual([false, 1, 0])
    await server.start()
    await until(() => heard.gaps() === 1 && bus.isUp())
    expect(await subscribedChannels(server)).toBe(1)
    bus.publish('room:a', 'arrives')
    await heard.fence()
    expect(heard.texts).toEqual([['room:a', 'arrives']])
    expect(bus.isUp()).toBe(true)
  })

  test('a subscription asked for while the bus still connects waits for it, and is no gap', async () => {
    const server = await serverFor()
    await server.start()
    const bus = busOn(server.url)
    const heard = listenTo(bus)
    await bus.subscribe('room:a')
    await until(() => bus.isUp())
    await heard.fence()
    expect(heard.gaps()).toBe(0)
  })

  test('after a kill and a restart all channels are back before the gap is announced, and it is announced once', async () => {
    const { server, bus, heard } = await running()
    const channels = Array.from({ length: 2500 }, (_, n) => `room:${n}`)
    await Promise.all(channels.map((channel) => bus.subscribe(channel)))
    let atGap: Promise<number> | undefined
    let gaps = 0
    bus.onGap(() => {
      gaps++
      atGap ??= subscribedChannels(server)
    })
    await server.kill()
    await until(() => !bus.isUp())
    bus.publish('room:1', 'lost')
    await server.start()
    await until(() => bus.isUp())
    expect(await atGap).toBe(2500)
    await heard.fence()
    expect([gaps, bus.lostPublishes()]).toEqual([1, 1])
  })

  test('channels given up while Redis was away do not come back', async () => {
    const { server, bus, heard } = await running()
    await Promise.all([bus.subscribe('room:a'), bus.subscribe('room:b')])
    await server.kill()
    await until(() => !bus.isUp())
    bus.unsubscribe('room:a')
    bus.subscribe('room:c').catch(() => undefined)
    await server.start()
    await until(() => heard.gaps() === 1)
    expect((await server.admin().pubsub('CHANNELS')).sort()).toEqual(['aristay:room:b', 'aristay:room:c'])
  })

  test('CLIENT KILL TYPE pubsub is a gap, three times three gaps', async () => {
    const { server, bus, heard } = await running()
    await bus.subscribe('room:a')
    for (const round of [1, 2, 3]) {
      await server.admin().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await until(() => heard.gaps() === round)
      bus.publish('room:a', `after ${round}`)
      await heard.fence()
    }
    expect(heard.texts.map(([, text]) => text)).toEqual(['after 1', 'after 2', 'after 3'])
    expect(heard.gaps()).toBe(3)
  })

  test('a Redis that answers nothing is noticed, dropped, and found again', async () => {
    const { server, bus, heard } = await running()
    await bus.subscribe('room:a')
    server.pause()
    const paused = performance.now()
    await bus.startTyping('r', 1)
    expect(await bus.listTyping('r')).toEqual([])
    await expect(bus.subscribe('room:b')).rejects.toThrow('not confirmed')
    expect(performance.now() - paused).toBeLessThan(4000)
    await until(() => !bus.isUp())
    bus.publish('room:a', 'lost')
    expect(bus.lostPublishes()).toBe(1)
    server.resume()
    await until(() => bus.isUp())
    expect(heard.gaps()).toBe(1)
    bus.publish('room:a', 'a')
    bus.publish('room:b', 'b')
    await heard.fence()
    expect(heard.texts.map(([, text]) => text)).toEqual(['a', 'b'])
  })

  test('a connection that is silent for seconds is given up, though nobody asked anything', async () => {
    const { server, bus, heard } = await running()
    await bus.subscribe('room:a')
    server.pause()
    const paused = performance.now()
    const silent = (name: string) => logged.some((line) => line.includes('silent') && line.includes(`"${name}"`))
    await until(() => silent('aristay-bus') && silent('aristay-bus-subscriber'))
    expect(performance.now() - paused).toBeLessThan(4000)
    expect(heard.gaps()).toBe(0)
    server.resume()
    await until(() => bus.isUp())
    expect(heard.gaps()).toBe(1)
  })

  test('a subscription that Redis refuses is asked for until it is allowed', async () => {
    const { server, bus, heard } = await running()
    const admin = server.admin()
    await admin.acl('SETUSER', 'default', 'resetchannels')
    await expect(bus.subscribe('room:a')).rejects.toThrow('not confirmed')
    await until(() => logged.some((line) => line.includes('NOPERM')))
    await admin.acl('SETUSER', 'default', 'allchannels')
    await until(() => bus.isUp())
    expect(heard.gaps()).toBe(1)
    expect(await subscribedChannels(server)).toBe(1)
  })

  test('closing does not wait for a Redis that answers nothing', async () => {
    const { server, bus } = await running()
    server.pause()
    const refused = expect(bus.subscribe('room:late')).rejects.toThrow('closed')
    const asked = performance.now()
    await bus.close()
    await refused
    expect(performance.now() - asked).toBeLessThan(2000)
  })

  test('two buses of one prefix hear each other; another prefix hears nothing', async () => {
    const { server, bus, heard } = await running()
    const other = busOn(server.url)
    const stranger = busOn(server.url, 'stranger:')
    const strangerHeard = listenTo(stranger)
    await until(() => other.isUp() && stranger.isUp())
    await Promise.all([bus.subscribe('room:a'), stranger.subscribe('room:a')])
    other.publish('room:a', 'x')
    await until(() => heard.texts.length === 1)
    await strangerHeard.fence()
    expect(strangerHeard.texts).toEqual([])
    await other.startTyping('r', 7)
    expect(await bus.listTyping('r')).toMatchObject([{ userId: 7 }])
    expect(await stranger.listTyping('r')).toEqual([])
    expect(await server.admin().pttl('aristay:typing:r')).toBeGreaterThan(0)
  })

  test('neither a password nor a text is ever logged', async () => {
    const server = await serverFor(['--requirepass', 'sesame'])
    await server.start()
    const wrong = busOn(server.url.replace('redis://', 'redis://:opensecret@'))
    await until(() => logged.some((line) => line.includes('connection failed')))
    wrong.publish('room:a', 'secret text')
    const right = busOn(server.url.replace('redis://', 'redis://:sesame@'))
    await until(() => right.isUp())
    await server.kill()
    right.publish('room:a', 'secret text')
    await until(() => right.lostPublishes() === 1)
    expect(logged.join('\n')).not.toMatch(/secret|sesame/)
  })
})
