import { compare, measureWindow, withLoad } from '../compare.ts'
import { median } from '../report.ts'
import type { Bench, Scenario } from '../scenario.ts'

const layout = { rooms: 20, members: 10 }
/** Of messages, to find the peer's maximum. */
const inFlight = 400

export const latency: Scenario = {
  name: 'latency',
  title: "open loop at half of socket.io's maximum, 20 rooms of 10 sockets",
  bars: [
    { figure: 'p50 ms', against: 'socket.io', atMost: 1.1 },
    { figure: 'p99 ms', against: 'socket.io', atMost: 1.1 },
  ],
  async run(bench) {
    const rate = (await peerMaximum(bench)) / 2
    bench.say(`${Math.round(rate)} messages a second`)
    return compare(bench, ['ours', 'socket.io'], layout, (system) =>
      withLoad(bench, system, async (load) => {
        await load.sendAtRate(rate)
        return measureWindow(bench, system, load)
      }),
    )
  },
}

async function peerMaximum(bench: Bench): Promise<number> {
  const { 'socket.io': rounds = [] } = await compare(bench, ['socket.io'], layout, (system) =>
    withLoad(bench, system, async (load) => {
      await load.keepInFlight(inFlight)
      return measureWindow(bench, system, load)
    }),
  )
  return median(rounds.map((figures) => figures['sends/s'] ?? Number.NaN))
}
