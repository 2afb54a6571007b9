import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { slotOf } from '../../relay/bus/slots.ts'
import { describeWithRedis } from '../support/redis.ts'
import { redisCluster } from '../support/redis-cluster.ts'

test('the slot of the specification’s own example', () => {
  expect(slotOf('123456789')).toBe(0x31c3)
})

describeWithRedis('slots', () => {
  test('are those that Redis finds, braces or not', async () => {
    const cluster = await redisCluster(1)
    onTestFinished(() => cluster.close())
    const [admin] = cluster.nodes.map((node) => node.admin())
    const name = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('{', '}', 'a', 'ж') }))
    await fc.assert(
      fc.asyncProperty(name, async (key) => {
        expect(slotOf(key)).toBe(await admin?.cluster('KEYSLOT', key))
      }),
      { numRuns: 500 },
    )
  })
})
