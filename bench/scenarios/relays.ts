import { measureWindow, showFigures, withLoad } from '../compare.ts'
import type { Bench, Figures, Results, Scenario } from '../scenario.ts'
import { openOurs } from '../systems/ours.ts'

const layout = { rooms: 1, members: 600 }
/** Far from what two cores can do: the cost is compared, not the rate. */
const messagesPerSecond = 100
const figure = 'CPU s of relays per 1000 deliveries'

export const relays: Scenario = {
  name: 'relays',
  title: `one room of 600 sockets over 1, 2 and 3 relays, ${messagesPerSecond} messages a second`,
  bars: [
    { figure, of: '2 relays', against: '1 relay', atMost: 1.15 },
    { figure, of: '3 relays', against: '1 relay', atMost: 1.15 },
  ],
  async run(bench) {
    const results: Results = {}
    for (let round = 0; round < bench.rounds; round++) {
      for (const count of [1, 2, 3]) {
        const name = count === 1 ? '1 relay' : `${count} relays`
        const figures = await measure(bench, count)
        results[name] = [...(results[name] ?? []), figures]
        bench.say(`round ${round + 1}  ${name.padEnd(10)}  ${showFigures(figures)}`)
      }
    }
    return results
  },
}

async function measure(bench: Bench, count: number): Promise<Figures> {
  const system = await openOurs({ layout, environment: bench.environment, profiles: bench.profiles, relays: count })
  try {
    const atRate = await withLoad(bench, system, async (load) => {
      await load.sendAtRate(messagesPerSecond)
      return measureWindow(bench, system, load)
    })
    const saturated = await withLoad(bench, system, async (load) => {
      await load.keepInFlight(40)
      return measureWindow(bench, system, load)
    })
    return {
      ...atRate,
      [figure]: perThousand(atRate),
      'saturated deliveries/s': saturated['deliveries/s'] ?? Number.NaN,
      [`saturated ${figure}`]: perThousand(saturated),
    }
  } finally {
    await system.close()
  }
}

function perThousand(figures: Figures): number {
  const cores = Object.entries(figures).filter(([name]) => name.startsWith('cores of relay'))
  return (cores.reduce((sum, [, used]) => sum + used, 0) / (figures['deliveries/s'] ?? Number.NaN)) * 1_000
}
