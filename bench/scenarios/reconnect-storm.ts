import { compare } from '../compare.ts'
import { Load } from '../load/load.ts'
import { cpuBetween, cpuSeconds } from '../measure/cpu.ts'
import type { Bench, Figures, Scenario } from '../scenario.ts'
import type { System } from '../systems/system.ts'

const layout = { rooms: 500, members: 10 }
/** Sockets a second that come back: all within two seconds. */
const perSecond = 2_500
/** What the two seconds themselves, and a timer, may differ by. */
const tolerance = 1.05

export const reconnectStorm: Scenario = {
  name: 'reconnect-storm',
  title: '5 000 sockets that were cut off come back within two seconds, and resume',
  bars: [{ figure: 'seconds until all are back', against: 'socket.io tuned', atMost: tolerance }],
  run: (bench) => compare({ ...bench, settle: 0 }, ['ours', 'socket.io tuned', 'bare ws'], layout, (system) => storm(bench, system)),
}

async function storm(bench: Bench, system: System): Promise<Figures> {
  const options = { dialect: system.dialect, processes: bench.loadProcesses, perSecond }
  const before = await Load.open({ ...options, seats: system.seats })
  await before.close()
  const seats = system.dialect === 'ours' ? system.seats.map((seat) => ({ ...seat, path: `${seat.path}&since=0` })) : system.seats
  const cpuBefore = cpuSeconds(system.processes)
  const again = await Load.open({ ...options, seats })
  const { total, parts } = cpuBetween(cpuBefore, cpuSeconds(system.processes))
  const seconds = again.openedWithin
  await again.close()
  const ofParts = Object.entries(parts).map(([name, used]) => [`CPU s of ${name}`, used])
  return { 'seconds until all are back': seconds, 'CPU s': total, ...Object.fromEntries(ofParts) }
}
