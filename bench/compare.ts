import { Load } from './load/load.ts'
import { cpuBetween, cpuSeconds } from './measure/cpu.ts'
import type { Bench, Figures, Results } from './scenario.ts'
import type { Layout } from './systems/layout.ts'
import { openSystem } from './systems/open.ts'
import type { System, SystemName } from './systems/system.ts'

type Measure = (system: System) => Promise<Figures>

/** Measures each system once a round, in turn. Every system is started once, with stores of its own, settles, and idles while another is measured. */
export async function compare(bench: Bench, names: readonly SystemName[], layout: Layout, measure: Measure): Promise<Results> {
  const { environment, profiles } = bench
  const systems: System[] = []
  const results: Results = Object.fromEntries(names.map((name) => [name, []]))
  try {
    for (const name of names) systems.push(await openSystem(name, { layout, environment, profiles }))
    for (const system of systems) await settle(bench, system, measure)
    for (let round = 0; round < bench.rounds; round++) {
      // Nobody always comes first.
      for (const [place] of systems.entries()) {
        const system = systems[(place + round) % systems.length]
        if (!system) continue
        const figures = await measure(system)
        results[system.name]?.push(figures)
        bench.say(`round ${round + 1}  ${system.name.padEnd(15)}  ${showFigures(figures)}`)
      }
    }
    return results
  } finally {
    for (const system of systems) await system.close()
  }
}

async function settle(bench: Bench, system: System, measure: Measure): Promise<void> {
  if (bench.settle > 0) bench.say(`settles  ${system.name}`)
  const until = performance.now() + bench.settle * 1_000
  while (performance.now() < until) await measure(system)
}

/** Opens the sockets of all members, does the work, waits until every message has arrived everywhere, and closes them. */
export async function withLoad<Result>(bench: Bench, system: System, work: (load: Load) => Promise<Result>): Promise<Result> {
  const load = await Load.open({ dialect: system.dialect, seats: system.seats, processes: bench.loadProcesses })
  try {
    const result = await work(load)
    await load.finish(system.layout.members)
    return result
  } finally {
    await load.close()
  }
}

/** Rates, latencies and CPU of all processes of the system, while the load goes on as it does. */
export async function measureWindow(bench: Bench, system: System, load: Load, { warmUp = bench.warmUp } = {}): Promise<Figures> {
  await passing(warmUp)
  await load.mark()
  const before = cpuSeconds(system.processes)
  await passing(bench.seconds)
  const counted = await load.counted()
  const { total, parts } = cpuBetween(before, cpuSeconds(system.processes))
  const { seconds, sends, deliveries, latencies, lateness, loadCpu } = counted
  const ofParts = Object.entries(parts).map(([name, used]) => [`cores of ${name}`, used / seconds])
  return {
    'sends/s': sends,
    'deliveries/s': deliveries,
    'CPU s per 1000 messages': (total / seconds / sends) * 1_000,
    'CPU s per 1000 deliveries': (total / seconds / deliveries) * 1_000,
    'p50 ms': latencies.percentile(0.5),
    'p99 ms': latencies.percentile(0.99),
    'late p99 ms': lateness.percentile(0.99),
    'cores of load': loadCpu,
    ...Object.fromEntries(ofParts),
  }
}

export function passing(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
}

export function showFigures(figures: Figures): string {
  return Object.entries(figures)
    .filter(([, value]) => !Number.isNaN(value))
    .map(([name, value]) => `${name} ${showNumber(value)}`)
    .join(' · ')
}

export function showNumber(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}
