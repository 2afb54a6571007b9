/** Typed events. Listeners are called at once, in the order in which they came. */
export interface Emitter<Events> {
  /** Returns what ends the listening. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void
}

export function createEmitter<Events>(): Emitter<Events> {
  const listeners: { [Name in keyof Events]?: Set<(event: Events[Name]) => void> } = {}
  return {
    on(name, listener) {
      const those = listeners[name] ?? new Set()
      listeners[name] = those
      those.add(listener)
      return () => those.delete(listener)
    },
    emit(name, event) {
      for (const listener of [...(listeners[name] ?? [])]) {
        try {
          listener(event)
        } catch (cause) {
          // A listener's fault is his own: it is reported as uncaught and stops neither his neighbours nor the client.
          queueMicrotask(() => {
            throw cause
          })
        }
      }
    },
  }
}
