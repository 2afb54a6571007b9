import { compare, measureWindow, withLoad } from '../compare.ts'
import { median } from '../report.ts'
import type { Bench, Results, Scenario } from '../scenario.ts'
import type { SystemName } from '../systems/system.ts'

const layout = { rooms: 20, members: 10 }
/** Of messages, to find the peer's maximum. */
const inFlight = 400
const peers = ['socket.io', 'socket.io tuned'] as const

/** Ours, at the rate that is half of the peer's maximum. */
const beside = (peer: SystemName) => `ours beside ${peer}`

export const latency: Scenario = {
  name: 'latency',
  title: "open loop at half of the peer's maximum, 20 rooms of 10 sockets",
  bars: peers.flatMap((peer) => ['p50 ms', 'p99 ms'].map((figure) => ({ figure, of: beside(peer), against: peer, atMost: 1.1 }))),
  async run(bench) {
    const results: Results = {}
    for (const peer of peers) {
      const rate = (await maximumOf(peer, bench)) / 2
      bench.say(`${Math.round(rate)} messages a second, half of what ${peer} can`)
      const compared = await compare(bench, ['ours', peer], layout, (system) =>
        withLoad(bench, system, async (load) => {
          await load.sendAtRate(rate)
          return measureWindow(bench, system, load)
        }),
      )
      Object.assign(results, { [beside(peer)]: compared.ours, [peer]: compared[peer] })
    }
    return results
  },
}

async function maximumOf(peer: SystemName, bench: Bench): Promise<number> {
  const { [peer]: rounds = [] } = await compare(bench, [peer], layout, (system) =>
    withLoad(bench, system, async (load) => {
      await load.keepInFlight(inFlight)
      return measureWindow(bench, system, load)
    }),
  )
  return median(rounds.map((figures) => figures['sends/s'] ?? Number.NaN))
}
