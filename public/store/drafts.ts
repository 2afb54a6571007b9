import { signal } from '@preact/signals'
import type { Kept } from './kept.ts'
import type { Session } from './session.ts'

/** What was written and not sent, by room. Kept with every stroke; other tabs follow. */
export function createDrafts(kept: Kept, session: Session) {
  const texts = signal<ReadonlyMap<string, string>>(new Map())
  const tabs = new BroadcastChannel('aristay-chat-drafts')

  const show = (roomId: string, text: string) => {
    const next = new Map(texts.peek())
    if (text === '') next.delete(roomId)
    else next.set(roomId, text)
    texts.value = next
  }
  tabs.addEventListener('message', ({ data }: MessageEvent<{ userId: number; roomId: string; text: string }>) => {
    if (data.userId === session.me.peek()?.id) show(data.roomId, data.text)
  })

  return {
    texts,
    set(roomId: string, text: string): void {
      const userId = session.me.peek()?.id
      if (userId === undefined || (texts.peek().get(roomId) ?? '') === text) return
      show(roomId, text)
      void kept.drafts.put(userId, roomId, text)
      tabs.postMessage({ userId, roomId, text })
    },
    async restore(userId: number): Promise<void> {
      const drafts = await kept.drafts.list(userId)
      // Whatever was typed while they were read is newer.
      texts.value = new Map([...drafts.map(({ room_id, text }) => [room_id, text] as const), ...texts.peek()])
    },
    clear(): void {
      texts.value = new Map()
    },
    close: () => tabs.close(),
  }
}
