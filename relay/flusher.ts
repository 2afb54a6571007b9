import { createJoiner } from './wire.ts'

/** What gathers output during a tick. */
type Gathering = { flush(): void }

/** Once per tick: everything that gathered output in it writes, each once. Who waits for an answer is written to first. */
export function createFlusher() {
  let awaited: Gathering[] = []
  let others: Gathering[] = []
  const { join, forget } = createJoiner()

  function flush() {
    const now = [awaited, others]
    awaited = []
    others = []
    for (const gatherings of now) for (const gathering of gatherings) gathering.flush()
    forget()
  }

  return {
    /** Must be called once between two flushes. */
    add(gathering: Gathering, isAwaited: boolean): void {
      if (awaited.length + others.length === 0) setImmediate(flush)
      const gatherings = isAwaited ? awaited : others
      gatherings.push(gathering)
    },
    /** Frames as the bytes that are written at once. */
    join,
  }
}

export type Flusher = ReturnType<typeof createFlusher>
