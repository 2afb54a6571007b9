import { parseArgs } from 'node:util'
import { longPlan } from './fault-plan.ts'
import { runChaos, usualStage } from './run.ts'
import { raceRemovals } from './sabotage/race.ts'
import { playScene } from './sabotage/scene.ts'
import { type SabotageName, sabotageNames } from './sabotage/schema.ts'

const usage = `Kills everything, again and again, and tells whether a message was lost, doubled or out of order.

  npm run chaos -- [--minutes 10] [--seed n] [--every 2.2] [--sabotage name] [--quiet]
      --every      seconds from one fault to the next, on average
      --sabotage   breaks a rule first: ${sabotageNames.join(', ')}
  npm run chaos -- --remove-rounds 10000
      removes somebody while he speaks, that many times

Needs redis-server; brings its own PostgreSQL. Exit codes: 0 nothing was, 1 something was, 2 not understood.
`

const start = performance.now()

function log(line: string) {
  process.stdout.write(`${((performance.now() - start) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`)
}

function misunderstood(): never {
  process.stderr.write(usage)
  process.exit(2)
}

function read() {
  const text = { type: 'string' } as const
  const options = { minutes: text, seed: text, every: text, sabotage: text, 'remove-rounds': text, quiet: { type: 'boolean' } } as const
  try {
    return parseArgs({ options }).values
  } catch {
    return misunderstood()
  }
}

const values = read()

/** A positive number. */
function numberOf(text: string | undefined, usual: number): number {
  const number = Number(text ?? usual)
  return number > 0 ? number : misunderstood()
}

function sabotageOf(name: string | undefined): { sabotage?: SabotageName } {
  const sabotage = sabotageNames.find((known) => known === name)
  if (name !== undefined && !sabotage) misunderstood()
  return sabotage ? { sabotage } : {}
}

async function attack(): Promise<boolean> {
  const report = await runChaos({
    ...usualStage,
    ...sabotageOf(values.sabotage),
    seconds: numberOf(values.minutes, 10) * 60,
    seed: numberOf(values.seed, Date.now() % 1_000_000),
    plan: longPlan,
    faultEvery: numberOf(values.every, 2.2) * 1_000,
    writerPause: 30,
    ...(values.quiet ? {} : { log }),
  })
  process.stdout.write(`\n${report.text}`)
  return report.verdict.violations.length === 0 && report.crashes === 0
}

async function race(rounds: number): Promise<boolean> {
  let isGood = false
  await playScene({ servers: 2, relays: 1 }, async (scene) => {
    const taken = await raceRemovals(scene, rounds, (round) => round % 500 === 0 && log(`${round} removals`))
    const violations = await scene.violations()
    isGood = violations.length === 0
    log(`${rounds} removals, ${taken} messages before them, ${violations.length} violations ${violations.slice(0, 5).join(', ')}`)
  })
  return isGood
}

const rounds = values['remove-rounds']
const isGood = rounds === undefined ? await attack() : await race(numberOf(rounds, 0))
process.exit(isGood ? 0 : 1)
