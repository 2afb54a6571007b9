import { passing, showFigures } from '../compare.ts'
import { Load } from '../load/load.ts'
import { residentBytes } from '../measure/memory.ts'
import type { Bench, Figures, Results, Scenario } from '../scenario.ts'
import { openSystem } from '../systems/open.ts'
import type { SystemName } from '../systems/system.ts'

const names: SystemName[] = ['ours', 'socket.io tuned', 'bare ws']
/** The first of them warm the process up and are not counted. */
const layout = { rooms: 520, members: 10 }
const first = 200
/** Seconds until what the handshakes left behind is collected, and what is left is what idling costs. */
const settling = 10

export const idleConnections: Scenario = {
  name: 'idle-connections',
  title: '5 000 idle sockets in 520 rooms: memory of the process that holds them',
  bars: [
    { figure: 'bytes per connection', against: 'socket.io tuned', atMost: 0.9 },
    { figure: 'bytes per connection', against: 'bare ws', atMost: 1.5 },
  ],
  async run(bench) {
    const results: Results = Object.fromEntries(names.map((name) => [name, []]))
    for (let round = 0; round < bench.rounds; round++) {
      for (const name of names) {
        const figures = await measure(bench, name)
        results[name]?.push(figures)
        bench.say(`round ${round + 1}  ${name.padEnd(10)}  ${showFigures(figures)}`)
      }
    }
    return results
  },
}

/** In a process of its own each time: memory that was used once is not given back. */
async function measure({ environment, profiles, loadProcesses }: Bench, name: SystemName): Promise<Figures> {
  const system = await openSystem(name, { layout, environment, profiles })
  const pid = system.processes[system.socketProcess] ?? 0
  const loads: Load[] = []
  const open = async (seats: typeof system.seats) => {
    loads.push(await Load.open({ dialect: system.dialect, seats, processes: loadProcesses }))
    await passing(settling)
    return residentBytes(pid)
  }
  try {
    const before = await open(system.seats.slice(0, first))
    const after = await open(system.seats.slice(first))
    return { 'bytes per connection': (after - before) / (system.seats.length - first), 'bytes without': before }
  } finally {
    for (const load of loads) await load.close()
    await system.close()
  }
}
