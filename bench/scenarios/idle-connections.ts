import { passing, showFigures } from '../compare.ts'
import { Load } from '../load/load.ts'
import { collectable, collectGarbage, residentBytes } from '../measure/memory.ts'
import type { Bench, Figures, Results, Scenario } from '../scenario.ts'
import { openSystem } from '../systems/open.ts'
import type { SystemName } from '../systems/system.ts'

const names: SystemName[] = ['ours', 'socket.io tuned', 'bare ws']
const layout = { rooms: 600, members: 10 }
/** All members of so many rooms come at once, so that rooms count as well as sockets. */
const roomsAtOnce = 100
/** Seconds until the handshakes are over for everybody who takes part in them. */
const settling = 3

/**
 * The slope of a line through what the process takes after each thousand of sockets. The first thousand only begins the line: it compiles the
 * code and fills what the start left free. All systems run under the same conditions, those of `collectable`.
 */
export const idleConnections: Scenario = {
  name: 'idle-connections',
  title: '5 000 idle sockets in 500 rooms, after 1 000 others: what each takes of the memory of the process that holds them',
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
  const system = await openSystem(name, { layout, environment, profiles, nodeArguments: collectable })
  const pid = system.processes[system.socketProcess] ?? 0
  const loads: Load[] = []
  const taken: Point[] = []
  try {
    // What the start left behind would make room for thousands.
    await collectGarbage(pid)
    for (let firstRoom = 0; firstRoom < layout.rooms; firstRoom += roomsAtOnce) {
      const seats = system.seats.filter((_, index) => isBetween(index % layout.rooms, firstRoom, firstRoom + roomsAtOnce))
      loads.push(await Load.open({ dialect: system.dialect, seats, processes: loadProcesses }))
      await passing(settling)
      await collectGarbage(pid)
      taken.push({ x: loads.length * seats.length, y: residentBytes(pid) })
    }
    return { 'bytes per connection': slope(taken), 'bytes in all': taken.at(-1)?.y ?? Number.NaN }
  } finally {
    for (const load of loads) await load.close()
    await system.close()
  }
}

type Point = { x: number; y: number }

/** Of the straight line that comes nearest to all points: least squares. */
function slope(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  return mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) ** 2)
}

function isBetween(value: number, first: number, end: number): boolean {
  return value >= first && value < end
}
