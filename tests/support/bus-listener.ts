import type { Bus } from '../../schemas/bus.ts'
import { until } from './until.ts'

/** Writes down what a bus gives. `fence` waits until everything published before has arrived, so that absence can be tested too. */
export function listenTo(bus: Bus) {
  const texts: [channel: string, text: string][] = []
  let gaps = 0
  let fences = 0
  let passed = 0
  bus.onText((channel, text) => {
    if (channel === 'fence') passed = Number(text)
    else texts.push([channel, text])
  })
  bus.onGap(() => gaps++)
  return {
    texts,
    gaps: () => gaps,
    async fence() {
      const mine = ++fences
      await bus.subscribe('fence')
      bus.publish('fence', String(mine))
      await until(() => passed >= mine)
    },
  }
}
