import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { redisIsThere } from '../support/redis-program.ts'
import { speakDuringRemoval } from './sabotage/removal.ts'
import { playScene } from './sabotage/scene.ts'
import { checkMembershipEarly, forgetClientIds } from './sabotage/schema.ts'

// A proof that cannot fail proves nothing: each of these breaks one rule of docs/DELIVERY.md, and the judge must say so.

const small = { servers: 1, relays: 1 }
/** Long enough for a sweep, if there were one. In milliseconds. */
const settleWithin = 4_000

describe.runIf(redisIsThere())('sabotage turns the judgement red', { timeout: 60_000 }, () => {
  test('none: nothing is found', async () => {
    await playScene(small, async ({ stage, room, sender, say, violations }) => {
      const [writer] = room.writers
      const send = stage.ledger.start({ room: room.id, sender: writer?.id ?? 0, clientId: randomUUID(), content: 'twice' })
      await sender.send(send)
      await sender.send(send)
      await say('once')
      expect(await violations()).toEqual([])
    })
  })

  test('no unique client_id: a repeated send is doubled', async () => {
    await playScene(small, async ({ world, stage, room, sender, violations }) => {
      await forgetClientIds(world)
      const [writer] = room.writers
      const send = stage.ledger.start({ room: room.id, sender: writer?.id ?? 0, clientId: randomUUID(), content: 'twice' })
      await sender.send(send)
      await sender.send(send)
      expect(await violations()).toContain('doubled')
    })
  })

  test('membership checked before the lock: who was removed meanwhile speaks', async () => {
    await playScene(small, async (scene) => {
      expect(await speakDuringRemoval(scene)).toMatchObject({ acks: [], refusal: expect.stringContaining('not a participant') })
      await checkMembershipEarly(scene.world)
      expect(await speakDuringRemoval(scene)).toMatchObject({ refusal: undefined })
      expect(await scene.violations()).toEqual(['sent after removal'])
    })
  })

  test('no head sweep: a last publish that was dropped never comes', async () => {
    await playScene({ ...small, sabotage: 'no-head-sweep' }, async ({ world, say, violations }) => {
      await say('heard')
      await world.servers[0]?.tell({ do: 'drop', count: 1 })
      await say('not heard')
      expect(await violations(settleWithin)).toEqual(['behind', 'behind'])
    })
  })

  test('publish before COMMIT: observers are told what is then not stored', async () => {
    await playScene({ ...small, sabotage: 'publish-before-commit' }, async ({ say, violations }) => {
      for (let count = 1; count <= 6; count++) await say(`word ${count}`)
      expect(await violations(settleWithin)).toEqual(expect.arrayContaining(['foreign', 'state differs']))
    })
  })

  test('a relay that steps over holes: observers have holes', async () => {
    await playScene({ ...small, sabotage: 'skip-holes' }, async ({ world, say, violations }) => {
      await say('heard')
      await world.servers[0]?.tell({ do: 'drop', count: 1 })
      await say('not heard')
      await say('heard, too')
      expect(await violations(settleWithin)).toEqual(expect.arrayContaining(['hole', 'behind']))
    })
  })
})
