import { createJoiner } from './wire.ts'

/** What gathers output during a tick. */
type Gathering = { flush(): void }

/** Once per tick: everything that gathered output in it writes, each once. */
export function createFlusher() {
  let dirty: Gathering[] = []
  const { join, forget } = createJoiner()

  function flush() {
    const now = dirty
    dirty = []
    for (const gathering of now) gathering.flush()
    forget()
  }

  return {
    /** Must be called once between two flushes. */
    add(gathering: Gathering): void {
      if (dirty.length === 0) setImmediate(flush)
      dirty.push(gathering)
    },
    /** Frames as the bytes that are written at once. */
    join,
  }
}

export type Flusher = ReturnType<typeof createFlusher>
