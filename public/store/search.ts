import { batch, signal } from '@preact/signals'
import type { FoundMessage } from '../../schemas/search.ts'
import type { ChatClient } from '../client/index.ts'

export const shortestQuery = 3
/** Milliseconds after the last stroke. */
const pause = 180

/** Search as one types. Query and results stay while hits are looked at. */
export function createSearch(client: ChatClient) {
  const query = signal('')
  /** Undefined: in all rooms. */
  const roomId = signal<string | undefined>(undefined)
  const hits = signal<readonly FoundMessage[]>([])
  const count = signal(0)
  const status = signal<'idle' | 'busy' | 'done' | 'failed'>('idle')
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0
  let page = 1

  async function ask(number: number, wanted: number): Promise<void> {
    status.value = 'busy'
    try {
      const room = roomId.peek()
      const answer = await client.api.searchMessages(query.peek().trim(), { page: wanted, page_size: 30, ...(room ? { room } : {}) })
      if (number !== asked) return
      page = wanted
      batch(() => {
        // The answer has highlights; the client's type is the contract's message.
        const found = answer.results as FoundMessage[]
        hits.value = wanted === 1 ? found : [...hits.peek(), ...found]
        count.value = answer.count
        status.value = 'done'
      })
    } catch {
      if (number === asked) status.value = 'failed'
    }
  }
  const change = () => {
    clearTimeout(timer)
    const number = ++asked
    if ([...query.peek().trim()].length < shortestQuery) {
      batch(() => {
        hits.value = []
        status.value = 'idle'
      })
      return
    }
    timer = setTimeout(() => void ask(number, 1), pause)
  }
  return {
    ...{ query, roomId, hits, count, status },
    clear(): void {
      roomId.value = undefined
      query.value = ''
      change()
    },
    type(text: string): void {
      query.value = text
      change()
    },
    within(id: string | undefined): void {
      if (roomId.peek() === id) return
      roomId.value = id
      change()
    },
    more: () => ask(asked, page + 1),
  }
}
