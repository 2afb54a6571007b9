import type { Bus } from '../../schemas/bus.ts'
import { createMemoryCounts } from './memory-counts.ts'
import { createMemoryTyping } from './memory-typing.ts'

/**
 * The bus of one process. A text arrives after the tick in which it was published, together with the others of that tick, in order.
 * There are no breaks here: `onGap` is never called. `now` is in milliseconds since 1970.
 */
export function createMemoryBus({ now = Date.now }: { now?: () => number } = {}): Bus {
  const subscribed = new Set<string>()
  let waiting: [channel: string, text: string][] = []
  let onText: (channel: string, text: string) => void = () => undefined
  let closed = false

  function deliver() {
    const texts = waiting
    waiting = []
    for (const [channel, text] of texts) if (subscribed.has(channel)) onText(channel, text)
  }

  return {
    publish(channel, text) {
      if (!subscribed.has(channel)) return
      if (waiting.length === 0) setImmediate(deliver)
      waiting.push([channel, text])
    },
    async subscribe(channel) {
      if (closed) throw new Error('bus is closed')
      subscribed.add(channel)
    },
    unsubscribe: (channel) => void subscribed.delete(channel),
    onText(listener) {
      onText = listener
    },
    onGap: () => undefined,
    ...createMemoryTyping(now),
    ...createMemoryCounts(now),
    isUp: () => !closed,
    async close() {
      closed = true
      subscribed.clear()
    },
  }
}
