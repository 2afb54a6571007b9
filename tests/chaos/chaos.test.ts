import { describe, expect, test } from 'vitest'
import { redisIsThere } from '../support/redis-program.ts'
import { shortPlan } from './fault-plan.ts'
import { runChaos, usualStage } from './run.ts'

const seconds = 100

describe.runIf(redisIsThere())('chaos', () => {
  test('nothing is lost, doubled or out of order while everything is killed', { timeout: (seconds + 120) * 1_000 }, async () => {
    const seed = Date.now() % 1_000_000
    const report = await runChaos({ ...usualStage, seconds, seed, plan: shortPlan, faultEvery: 2_600, writerPause: 60 })
    process.stderr.write(`\n${report.text}\n`)
    expect(report.verdict.violations).toEqual([])
    expect(report.crashes).toBe(0)
    expect(report.kills).toBeGreaterThanOrEqual(20)
    expect(report.acknowledged).toBeGreaterThan(2_000)
  })
})
