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

/** A message whose text is being changed. */
export type Editing = { message: Shown; text: string; hasFailed: boolean }

/** What lies beside and over the conversation, and what the composer is about. */
export function createPanels() {
  const side = signal<SidePanel | undefined>(undefined)
  const dialog = signal<Dialog | undefined>(undefined)
  const replyTo = signal<Shown | undefined>(undefined)
  /** By room: whoever looks into another room meanwhile finds his change as he left it. */
  const edits = signal<ReadonlyMap<string, Editing>>(new Map())
  /** A short word at the bottom, as after copying. */
  const notice = signal<string | undefined>(undefined)
  let timer: ReturnType<typeof setTimeout> | undefined

  const setEdit = (roomId: string, editing: Editing | undefined) => {
    const next = new Map(edits.peek())
    if (editing) next.set(roomId, editing)
    else next.delete(roomId)
    edits.value = next
  }

  return {
    ...{ side, dialog, replyTo, edits, notice },
    reply(roomId: string, message: Shown): void {
      setEdit(roomId, undefined)
      replyTo.value = message
    },
    /** Begins to change a message, or goes on with it. */
    edit(roomId: string, message: Shown, text = message.text, hasFailed = false): void {
      replyTo.value = undefined
      setEdit(roomId, { message, text, hasFailed })
    },
    endEdit: (roomId: string) => setEdit(roomId, undefined),
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
      if (side.peek() === 'details') side.value = undefined
    },
    /** Nothing of one user is left for the next. */
    clear(): void {
      edits.value = new Map()
      for (const each of [side, dialog, replyTo, notice]) each.value = undefined
    },
  }
}
