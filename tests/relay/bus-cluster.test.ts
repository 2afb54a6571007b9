import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRedisBus, type RedisBus } from '../../relay/bus/redis.ts'
import { listenTo } from '../support/bus-listener.ts'
import { describeWithRedis } from '../support/redis.ts'
import { type RedisCluster, redisCluster } from '../support/redis-cluster.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const prefix = 'aristay:'

describeWithRedis('the Redis bus over a cluster', { timeout: 60_000 }, () => {
  const toClose: { close(): Promise<void> }[] = []
  const logged: string[] = []
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line))
  let cluster: RedisCluster

  beforeEach(async () => {
    cluster = await redisCluster()
    toClose.push(cluster)
  }, 60_000)

  afterEach(async () => {
    for (const part of toClose.splice(0).reverse()) await part.close()
    logged.length = 0
  })

  function busAt(...urls: string[]): RedisBus {
    const bus = openRedisBus({ urls, prefix, log: { info: write, warn: write } })
    toClose.push(bus)
    return bus
  }

  /** A bus with one subscribed channel on each node. */
  async function running() {
    const bus = busAt(...cluster.urls)
    await until(() => bus.isUp())
    const channels = cluster.nameOnEach('room', prefix)
    await Promise.all(channels.map((channel) => bus.subscribe(channel)))
    return { bus, channels, heard: listenTo(bus, cluster.nameOnEach('fence', prefix)) }
  }

  function subscribed(bus: RedisBus, ...channels: string[]): Promise<boolean> {
    return Promise.all(channels.map((channel) => bus.subscribe(channel))).then(
      () => true,
      () => false,
    )
  }

  async function shardChannels(node: RedisServer): Promise<string[]> {
    return (await node.admin().call('PUBSUB', 'SHARDCHANNELS')) as string[]
  }

  test('each node has the channels and the typing of its own slots', async () => {
    const { bus, channels, heard } = await running()
    for (const [index, node] of cluster.nodes.entries()) expect(await shardChannels(node)).toEqual([`${prefix}${channels[index]}`])
    const rooms = cluster.nameOnEach('r', `${prefix}typing:`)
    for (const [index, room] of rooms.entries()) await bus.startTyping(room, index + 1)
    for (const [index, node] of cluster.nodes.entries()) expect(await node.admin().keys('*')).toEqual([`${prefix}typing:${rooms[index]}`])
    const other = busAt(cluster.urls[2] ?? '')
    await until(() => other.isUp())
    for (const [index, room] of rooms.entries()) expect(await other.listTyping(room)).toMatchObject([{ userId: index + 1 }])
    for (const channel of channels) other.publish(channel, 'from the other')
    await until(() => heard.texts.length === 3)
    expect(heard.texts.map(([channel]) => channel).sort()).toEqual([...channels].sort())
    expect(heard.gaps()).toBe(0)
  })

  test('any node that answers tells the whole, and one address is enough', async () => {
    await cluster.nodes[0]?.kill()
    const bus = busAt(cluster.urls[0] ?? '', cluster.urls[1] ?? '')
    const alone = busAt(cluster.urls[2] ?? '')
    const [, second = '', third = ''] = cluster.nameOnEach('room', prefix)
    await until(() => subscribed(bus, second, third))
    await until(() => subscribed(alone, second, third))
    const heard = listenTo(bus, [])
    alone.publish(second, 'x')
    alone.publish(third, 'y')
    await until(() => heard.texts.length === 2)
    expect([bus.isUp(), alone.isUp()]).toEqual([false, false])
  })

  test('while a node is dead the others carry on and lose nothing; when it is back, so are its channels, and one gap is announced', async () => {
    const { bus, channels, heard } = await running()
    const [dead = '', ...alive] = channels
    await cluster.nodes[0]?.kill()
    await until(() => !bus.isUp())
    await expect(bus.subscribe(`late:{${prefix}${dead}}`)).rejects.toThrow('not confirmed')
    for (let count = 0; count < 200; count++) for (const channel of alive) bus.publish(channel, `${count}`)
    await until(() => heard.texts.length === 400)
    const lostBefore = bus.lostPublishes()
    bus.publish(dead, 'lost')
    expect([bus.lostPublishes() - lostBefore, heard.gaps()]).toEqual([1, 0])
    await cluster.nodes[0]?.start()
    await until(() => bus.isUp())
    expect(heard.gaps()).toBe(1)
    heard.texts.length = 0
    bus.publish(dead, 'is back')
    await heard.fence()
    expect(heard.texts).toEqual([[dead, 'is back']])
    expect(heard.gaps()).toBe(1)
  })

  test('a replica that takes the place of its master gets the channels and the publishes', async () => {
    const [master] = cluster.nodes
    if (!master) throw new Error('no master')
    const replica = await cluster.addReplica(master)
    const { bus, channels, heard } = await running()
    const [first = ''] = channels
    await master.kill()
    await until(async () => (await shardChannels(replica)).length > 0, 30_000)
    await until(() => bus.isUp())
    expect(await shardChannels(replica)).toEqual([`${prefix}${first}`])
    expect(heard.gaps()).toBe(1)
    bus.publish(first, 'at the new master')
    await heard.fence()
    expect(heard.texts).toEqual([[first, 'at the new master']])
  })

  test('a slot that is given to another node takes its channels and its typing along', async () => {
    const { bus, channels, heard } = await running()
    const [moved = ''] = channels
    const [from, to] = cluster.nodes
    const slot = await from?.admin().cluster('KEYSLOT', prefix + moved)
    const target = await to?.admin().cluster('MYID')
    for (const node of [to, from, cluster.nodes[2]]) await node?.admin().call('CLUSTER', 'SETSLOT', String(slot), 'NODE', String(target))
    await until(async () => to !== undefined && (await shardChannels(to)).includes(prefix + moved))
    await until(() => bus.isUp())
    expect(heard.gaps()).toBeGreaterThan(0)
    bus.publish(moved, 'at its new place')
    await heard.fence()
    expect(heard.texts).toEqual([[moved, 'at its new place']])
    expect(from && (await shardChannels(from))).not.toContain(prefix + moved)
    await bus.startTyping(`{${prefix}${moved}}`, 7)
    expect(await bus.listTyping(`{${prefix}${moved}}`)).toMatchObject([{ userId: 7 }])
    expect(await to?.admin().keys('*')).toEqual([`${prefix}typing:{${prefix}${moved}}`])
  })

  test('ten thousand channels are subscribed, and come back after every node was restarted', async () => {
    const { bus } = await running()
    const channels = Array.from({ length: 10_000 }, (_, n) => `many:${n}`)
    await until(() => subscribed(bus, ...channels))
    for (const node of cluster.nodes) await node.kill()
    await until(() => !bus.isUp())
    for (const node of cluster.nodes) await node.start()
    await until(() => bus.isUp())
    const counts = await Promise.all(cluster.nodes.map(async (node) => (await shardChannels(node)).length))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_003)
  })

  test('closing does not wait for a node that answers nothing', async () => {
    const { bus } = await running()
    cluster.nodes[0]?.pause()
    const asked = performance.now()
    await bus.close()
    expect(performance.now() - asked).toBeLessThan(2000)
    await expect(bus.subscribe('room:late')).rejects.toThrow('closed')
  })
})
