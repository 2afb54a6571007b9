import { signal } from '@preact/signals'
import type { Shown } from './shown.ts'

export type SidePanel = 'details' | 'search'
export type Dialog =
  | { kind: 'new_chat' }
  | { kind: 'switcher' }
  | { kind: 'help' }
  | { kind: 'settings' }
  | { kind: 'confirm'; text: string; action: string; run: () => Promise<unknown> | undefined }
  | { kind: 'receipts'; message: Shown }
  | { kind: 'lightbox'; messageId: string }

/** What lies beside and over the conversation, and what the composer is about. */
export function createPanels() {
  const side = signal<SidePanel | undefined>(undefined)
  const dialog = signal<Dialog | undefined>(undefined)
  const replyTo = signal<Shown | undefined>(undefined)
  const editing = signal<Shown | undefined>(undefined)
  /** A short word at the bottom, as after copying. */
  const notice = signal<string | undefined>(undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    ...{ side, dialog, replyTo, editing, notice },
    toggle(panel: SidePanel): void {
      side.value = side.peek() === panel ? undefined : panel
    },
    tell(text: string): void {
      notice.value = text
      clearTimeout(timer)
      timer = setTimeout(() => (notice.value = undefined), 5_000)
    },
    /** Another room: what was about the last one is over. */
    closeForRoom(): void {
      replyTo.value = undefined
      editing.value = undefined
      if (side.peek() === 'details') side.value = undefined
    },
  }
}
