import type { Bus } from '../schemas/bus.ts'

type Listener = (channel: string, text: string) => void

/** A bus whose publishes are heard in this process too, at once, whatever becomes of them on the way. */
export type TappedBus = Bus & {
  /** The answer ends it. */
  onPublish(listener: Listener): () => void
}

export function tapBus(bus: Bus): TappedBus {
  const listeners = new Set<Listener>()
  return {
    ...bus,
    publish(channel, text) {
      for (const listener of listeners) listener(channel, text)
      bus.publish(channel, text)
    },
    onPublish(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
