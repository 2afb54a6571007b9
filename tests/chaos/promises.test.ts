import { describe, expect, test } from 'vitest'
import { redisIsThere } from '../support/redis-program.ts'
import { until } from '../support/until.ts'
import { writeOn } from './actors/writers.ts'
import { quantile } from './report.ts'
import { raceRemovals } from './sabotage/race.ts'
import { playScene } from './sabotage/scene.ts'

const small = { servers: 1, relays: 1 }

describe.runIf(redisIsThere())('single promises', { timeout: 90_000 }, () => {
  test('a last publish that was dropped is delivered within 2.5 seconds', async () => {
    await playScene({ ...small, productionServers: 0 }, async ({ world, stage, observers, say, violations }) => {
      for (let count = 1; count <= 3; count++) {
        await world.servers[0]?.tell({ do: 'drop', count: 1 })
        await say(`dropped ${count}`)
        await until(() => observers.every(({ views }) => [...views.values()].every(({ cursor }) => cursor === count)), 2_500)
      }
      expect(stage.ledger.latencies).toHaveLength(3 * observers.length)
      expect(await violations()).toEqual([])
    })
  })

  test('while Redis is dead every send succeeds at once, and 99 of 100 arrive within 3 seconds', async () => {
    await playScene(small, async ({ world, stage, observers, say, violations }) => {
      await say('before')
      await world.redis.kill()
      for (let count = 1; count <= 100; count++) await say(`while it is dead ${count}`)
      await until(() => observers.every(({ views }) => [...views.values()].every(({ cursor }) => cursor === 101)), 5_000)
      expect(stage.ledger.counts()).toMatchObject({ acks: 101, retries: 0 })
      expect(quantile(Float64Array.from(stage.ledger.latencies).sort(), 0.99)).toBeLessThan(3_000)
      await world.redis.start()
      await say('after')
      expect(await violations()).toEqual([])
    })
  })

  test('a rolling restart of all servers and relays fails no send', async () => {
    await playScene({ servers: 2, relays: 2 }, async ({ world, stage, room, sender, violations }) => {
      const [writer] = room.writers
      if (!writer) throw new Error('nobody writes')
      let restarted = false
      const writing = writeOn(sender, stage.ledger, room.id, writer, 20, () => restarted)
      for (const pod of [...world.servers, ...world.relays]) {
        await pod.terminate()
        await pod.start()
        await until(() => pod.isReady())
      }
      restarted = true
      await writing
      const { sends } = stage.ledger
      expect(sends.length).toBeGreaterThan(50)
      expect(sends.every(({ acks }) => acks.length > 0)).toBe(true)
      expect(await violations()).toEqual([])
    })
  })

  test('nobody speaks in a room after his removal, however close the two are', async () => {
    await playScene({ servers: 2, relays: 1 }, async (scene) => {
      const taken = await raceRemovals(scene, 60)
      expect(taken).toBeGreaterThan(0)
      expect(taken).toBeLessThan(180)
      expect(await scene.violations()).toEqual([])
    })
  })
})
