import type { Bus } from '../../../schemas/bus.ts'
import { roomChannel } from '../../../schemas/bus.ts'

export type Fate = 'arrives' | 'lost' | 'doubled' | 'late'

/** A bus that does to the texts of rooms what `fates` say, one after another; then it behaves. `flush` lets the late ones arrive. */
export function faultyBus(bus: Bus, fates: Fate[]) {
  const late: [channel: string, text: string][] = []
  function publish(channel: string, text: string) {
    const fate = channel.startsWith(roomChannel('')) ? (fates.shift() ?? 'arrives') : 'arrives'
    if (fate === 'late') late.push([channel, text])
    if (fate === 'arrives' || fate === 'doubled') bus.publish(channel, text)
    if (fate === 'doubled') bus.publish(channel, text)
    // What is late is overtaken by up to three others.
    if (late.length > 3) flush()
  }
  function flush() {
    for (const [channel, text] of late.splice(0).reverse()) bus.publish(channel, text)
  }
  return { bus: { ...bus, publish }, flush }
}

/** from, from + 1, …, to */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}
