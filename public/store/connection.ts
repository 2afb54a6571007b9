import { computed, signal } from '@preact/signals'
import type { ChatClient } from '../client/index.ts'

/** Milliseconds without a line before anybody is told. Shorter ones are nobody's business. */
const patience = 2_200

export type Connection = ReturnType<typeof createConnection>

/** Whether the line is lost for long enough to say so, and how many messages wait for it. */
export function createConnection(client: ChatClient) {
  const lost = signal(false)
  const everOpen = signal(false)
  const waiting = signal(0)
  let open = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const look = () => {
    const isFine = open && navigator.onLine
    if (isFine) {
      clearTimeout(timer)
      timer = undefined
      lost.value = false
    } else timer ??= setTimeout(() => (lost.value = true), patience)
  }
  client.on('status', ({ phase }) => {
    open = phase === 'open'
    if (open) everOpen.value = true
    look()
  })
  client.on('outbox', () => {
    waiting.value = client.outbox.list().filter(({ status }) => status === 'queued' || status === 'sending').length
  })
  for (const name of ['online', 'offline']) addEventListener(name, look)

  return {
    lost,
    waiting,
    /** The first connection of this page, or one after a loss. */
    isFirst: computed(() => !everOpen.value),
  }
}
