import { parseArgs } from 'node:util'
import { longPlan } from './fault-plan.ts'
import { runChaos, usualStage } from './run.ts'

const usage = `Kills everything, again and again, and tells whether a message was lost, doubled or out of order.

  npm run chaos -- [--minutes 10] [--seed n] [--every 2.2] [--quiet]

Needs redis-server; brings its own PostgreSQL. Exit codes: 0 nothing was, 1 something was, 2 not understood.
`

const options = { minutes: { type: 'string' }, seed: { type: 'string' }, every: { type: 'string' }, quiet: { type: 'boolean' } } as const

const { values } = parseArgs({ options })
const minutes = Number(values.minutes ?? 10)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const every = Number(values.every ?? 2.2)
if (![minutes, seed, every].every((number) => number > 0)) {
  process.stderr.write(usage)
  process.exit(2)
}
const start = performance.now()
const log = (line: string) => process.stdout.write(`${((performance.now() - start) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`)
const report = await runChaos({
  ...usualStage,
  seconds: minutes * 60,
  seed,
  plan: longPlan,
  faultEvery: every * 1_000,
  writerPause: 50,
  ...(values.quiet ? {} : { log }),
})
process.stdout.write(`\n${report.text}`)
process.exit(report.verdict.violations.length === 0 ? 0 : 1)
