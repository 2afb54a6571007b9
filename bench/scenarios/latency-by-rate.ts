import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { measureWindow, showFigures, withLoad } from '../compare.ts'
import { drawCurves } from '../pictures/curves.ts'
import type { Bench, Figures, Results, Scenario } from '../scenario.ts'
import { openSystem } from '../systems/open.ts'
import type { System, SystemName } from '../systems/system.ts'

const layout = { rooms: 20, members: 10 }
const rates = [125, 250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 10_000, 12_000, 14_000, 16_000, 20_000, 24_000, 28_000]
/** Milliseconds of p99 beyond which a system is saturated. */
const tooLong = 400

export const latencyByRate: Scenario = {
  name: 'latency-by-rate',
  title: 'latency against rate, open loop up to saturation, 20 rooms of 10 sockets (a picture)',
  bars: [],
  async run(bench) {
    const results: Results = {}
    for (const name of ['ours', 'all in one', 'socket.io', 'socket.io tuned'] satisfies SystemName[]) {
      const { environment, profiles } = bench
      const system = await openSystem(name, { layout, environment, profiles })
      try {
        results[name] = await climb(bench, system)
      } finally {
        await system.close()
      }
    }
    await mkdir(bench.pictures, { recursive: true })
    await writeFile(join(bench.pictures, 'latency-by-rate.svg'), drawCurves(results))
    return results
  },
}

/** The last step is the one that was too much, where it could be measured at all. */
async function climb(bench: Bench, system: System): Promise<Figures[]> {
  const steps: Figures[] = []
  for (const rate of rates) {
    const step = await measureAt(bench, system, rate).catch((error: Error) => error)
    if (step instanceof Error) {
      bench.say(`${system.name} at ${rate}: ${step.message}`)
      return steps
    }
    bench.say(`${system.name} at ${rate}: ${showFigures(step)}`)
    steps.push({ ...step, rate })
    if ((step['p99 ms'] ?? 0) > tooLong) return steps
  }
  return steps
}

function measureAt(bench: Bench, system: System, rate: number): Promise<Figures> {
  return withLoad(bench, system, async (load) => {
    await load.sendAtRate(rate)
    return measureWindow(bench, system, load)
  })
}
