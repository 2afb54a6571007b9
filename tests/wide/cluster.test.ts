import { expect, test } from 'vitest'
import { roomChannel } from '../../schemas/bus.ts'
import { type Stage, type StageRoom, setStage } from '../chaos/actors/stage.ts'
import { gatherEvidence } from '../chaos/finish.ts'
import { judge } from '../chaos/judge/judge.ts'
import { Random } from '../chaos/parts/random.ts'
import { openWorld } from '../chaos/parts/world.ts'
import { act } from '../chaos/run.ts'
import { describeWithRedis } from '../support/redis.ts'
import { redisCluster } from '../support/redis-cluster.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const people = { rooms: 12, writersPerRoom: 1, roomObservers: 1, allObservers: 1 }

const channelOf = (room: StageRoom) => `aristay:${roomChannel(room.id)}`

/** Whether the node itself knows a relay that listens to the room. */
async function isHeard(room: StageRoom, node: RedisServer): Promise<boolean> {
  const [, count] = (await node.admin().call('PUBSUB', 'SHARDNUMSUB', channelOf(room))) as [string, number]
  return count > 0
}

/** Waits until as many more messages of the room have been acknowledged, and everybody has seen them. */
async function goOn({ ledger, observers }: Stage, room: StageRoom, messages: number) {
  const acknowledged = () => ledger.sends.flatMap((send) => (send.room === room.id && send.acks[0] ? send.acks[0].seq : []))
  const views = observers.flatMap((observer) => observer.views.get(room.id) ?? [])
  const before = acknowledged().length
  await until(() => acknowledged().length >= before + messages, 60_000)
  const newest = Math.max(...acknowledged())
  await until(() => views.length > 0 && views.every((view) => view.cursor >= newest), 60_000)
}

describeWithRedis('two servers and two relays over a Redis Cluster', { timeout: 240_000 }, () => {
  test('while a node is killed and comes back nothing is lost, and the rooms of the other nodes do not notice', async () => {
    const cluster = await redisCluster()
    const asOne = { ...cluster.ownerOf(''), url: cluster.urls.join(), close: cluster.close }
    const world = await openWorld({ redis: asOne })
    try {
      const stage = await setStage(world, people)
      const ownerOf = (room: StageRoom) => cluster.ownerOf(channelOf(room))
      const [dark] = stage.rooms
      const victim = dark && ownerOf(dark)
      const bright = stage.rooms.find((room) => ownerOf(room) !== victim)
      if (!dark || !victim || !bright) throw new Error('all rooms are on one node')
      await until(async () => (await isHeard(dark, victim)) && (await isHeard(bright, ownerOf(bright))))
      let stopped = false
      const acting = act(stage, new Random(1), 200, () => stopped)
      await goOn(stage, dark, 5)

      await victim.kill()
      await goOn(stage, dark, 10)
      await goOn(stage, bright, 5)
      expect(await isHeard(bright, ownerOf(bright))).toBe(true)

      await victim.start()
      await cluster.ready()
      await until(() => isHeard(dark, victim))
      await goOn(stage, dark, 5)
      stopped = true
      await Promise.all(acting)
      expect(stage.ledger.sends.filter((send) => send.acks.length === 0 && !send.mayBeRefused)).toEqual([])
      expect(judge(await gatherEvidence(stage)).violations).toEqual([])
    } finally {
      await world.close()
    }
  })
})
