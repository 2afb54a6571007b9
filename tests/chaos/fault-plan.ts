import { type Fault, faults } from './faults.ts'
import { pace } from './parts/pacing.ts'
import type { Random } from './parts/random.ts'
import type { World } from './parts/world.ts'

export type FaultName = keyof typeof faults

/** How often each comes in one round. */
const usual: Partial<Record<FaultName, number>> = {
  'kill server': 4,
  'kill relay': 4,
  'kill redis': 2,
  'kill backend': 2,
  'terminate backend': 2,
  'kill postmaster': 1,
  'restart postgres': 1,
  'die between commit and publish': 2,
  'die between commit and ack': 2,
  'freeze server 5 s': 1,
  'freeze relay 5 s': 1,
  'freeze redis 5 s': 1,
  'cut subscribers': 1,
}
export const shortPlan: FaultName[] = [...expand(usual), 'redis away 10 s']
export const longPlan: FaultName[] = [
  ...Array.from({ length: 4 }, () => expand(usual)).flat(),
  'redis away 60 s',
  'freeze server 40 s',
  'freeze relay 40 s',
]

export type FaultCounts = Map<FaultName, number>

type Options = {
  world: World
  random: Random
  plan: readonly FaultName[]
  every: number
  stopped: () => boolean
  log: (line: string) => void
}

/** One fault after the other, every few seconds, whether or not those before are over; in a random order, each as often as planned. Resolves when all are over. */
export async function runFaults({ world, random, plan, every, stopped, log }: Options): Promise<FaultCounts> {
  const counts: FaultCounts = new Map()
  const running = new Set<Promise<void>>()
  let bag: FaultName[] = []

  async function run(name: FaultName, { parts, run: act }: NonNullable<ReturnType<Fault['take']>>) {
    for (const part of parts) part.busy = true
    counts.set(name, (counts.get(name) ?? 0) + 1)
    try {
      await act()
    } finally {
      for (const part of parts) part.busy = false
    }
  }

  function next(): boolean {
    if (bag.length === 0) bag = random.shuffled(plan)
    for (const [index, name] of bag.entries()) {
      const hold = faults[name].take(world, random)
      if (!hold) continue
      bag.splice(index, 1)
      log(name)
      const one = run(name, hold).finally(() => running.delete(one))
      running.add(one)
      return true
    }
    return false
  }

  while (!stopped()) {
    next()
    await pace(every * (0.5 + random.next()))
  }
  await Promise.all(running)
  return counts
}

export function countKills(counts: FaultCounts): number {
  return [...counts].reduce((sum, [name, count]) => sum + (faults[name].isKill ? count : 0), 0)
}

function expand(plan: Partial<Record<FaultName, number>>): FaultName[] {
  return Object.entries(plan).flatMap(([name, count]) => Array.from({ length: count }, () => name as FaultName))
}
