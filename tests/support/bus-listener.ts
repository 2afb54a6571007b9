import type { Bus } from '../../schemas/bus.ts'
import { until } from './until.ts'

/**
 * Writes down what a bus gives. `fence` waits until everything published before has arrived, so that absence can be tested too; over several Redis
 * it takes a channel of each of them.
 */
export function listenTo(bus: Bus, fenceChannels: readonly string[] = ['fence']) {
  const texts: [channel: string, text: string][] = []
  let gaps = 0
  let fences = 0
  const passed = new Map<string, number>()
  bus.onText((channel, text) => {
    if (fenceChannels.includes(channel)) passed.set(channel, Number(text))
    else texts.push([channel, text])
  })
  bus.onGap(() => gaps++)
  return {
    texts,
    gaps: () => gaps,
    async fence() {
      const mine = ++fences
      await Promise.all(fenceChannels.map((channel) => bus.subscribe(channel)))
      for (const channel of fenceChannels) bus.publish(channel, String(mine))
      await until(() => fenceChannels.every((channel) => (passed.get(channel) ?? 0) >= mine))
    },
  }
}
