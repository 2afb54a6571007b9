import { passing } from './compare.ts'
import { Load } from './load/load.ts'
import { cpuBetween, cpuSeconds } from './measure/cpu.ts'
import type { Bench, Figures } from './scenario.ts'
import type { System } from './systems/system.ts'

/** One GET over and over, as the reader of the system's history, over so many connections. */
export async function measureRequests(bench: Bench, system: System, path: string, connections: number): Promise<Figures> {
  const { http, seats } = system
  if (!http) throw new Error(`${system.name} has no REST`)
  const token = seats[0]?.token ?? ''
  const load = await Load.open({ dialect: system.dialect, seats: [], processes: 1 })
  try {
    await load.ask({ port: Number(new URL(http.url).port), path, token, connections })
    await passing(bench.warmUp)
    await load.mark()
    const before = cpuSeconds(system.processes)
    await passing(bench.seconds)
    const { seconds, sends, latencies } = await load.counted()
    const { total } = cpuBetween(before, cpuSeconds(system.processes))
    await load.finish(0)
    // Where not one answer came in time.
    const atLeast = bench.seconds * 1_000
    return {
      'requests/s': sends,
      'p50 ms': latencies.percentile(0.5) || atLeast,
      'p99 ms': latencies.percentile(0.99) || atLeast,
      'CPU s per 1000 requests': (total / seconds / sends) * 1_000,
    }
  } finally {
    await load.close()
  }
}
