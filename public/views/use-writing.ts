import type { Editing } from '../store/panels.ts'
import { usePage } from './context.ts'

/** Characters of a message at most, as the server counts them. */
export const longest = 10_000
const invisible = /^[\p{Cf}\p{Cc}\p{Z}\p{Mn}\u115F\u1160\u2800\u3164\uFFA0]*$/u

export function lengthOf(text: string): number {
  return [...text].length
}

/** What is in the composer: a draft, or the text of a message that is being changed; and what can be done with it. */
export function useWriting(roomId: string) {
  const { drafts, panels, client, conversation, typing, attachments, uploads } = usePage()
  const editing = panels.edits.value.get(roomId)
  const draft = drafts.texts.value.get(roomId) ?? ''
  const text = editing ? editing.text : draft
  const files = attachments.chosen.value.get(roomId) ?? []
  const isBlank = invisible.test(text.trim())
  const canSend = (!isBlank || (files.length > 0 && !editing)) && (text.length <= longest || lengthOf(text.trim()) <= longest)

  function write(value: string): void {
    if (editing) {
      panels.edit(roomId, editing.message, value)
      return
    }
    drafts.set(roomId, value)
    if (value.trim() === '') typing.stopped(roomId)
    else typing.typed(roomId)
  }

  function submit(): void {
    if (!canSend) return
    if (editing) {
      save(editing)
      return
    }
    const replyTo = panels.replyTo.peek()?.id
    const [first, ...rest] = attachments.take(roomId)
    if (first) uploads.add({ roomId, file: first, text: text.trim(), replyTo })
    else client.send(roomId, text.trim(), replyTo ?? null)
    for (const file of rest) uploads.add({ roomId, file, text: '', replyTo: undefined })
    drafts.set(roomId, '')
    panels.replyTo.value = undefined
    typing.sent(roomId)
    conversation.toLatest()
  }

  function save({ message, text }: Editing): void {
    const content = text.trim()
    panels.endEdit(roomId)
    if (message.id === undefined) client.outbox.edit(message.clientId ?? '', content)
    else if (content !== message.text)
      // The text comes back to where it can be sent again.
      void client.api.editMessage(message.id, content).catch(() => panels.edit(roomId, message, content, true))
  }

  /** My last message, if there is one that can be changed. */
  function editLast(): boolean {
    if (editing || panels.replyTo.peek()) return false
    const last = conversation.shown
      .peek()
      .findLast(({ mine, deleted, text: said, id }) => mine && !deleted && said !== '' && id !== undefined)
    if (last) panels.edit(roomId, last)
    return last !== undefined
  }

  function cancel(): boolean {
    const isOpen = editing !== undefined || panels.replyTo.peek() !== undefined
    panels.endEdit(roomId)
    panels.replyTo.value = undefined
    return isOpen
  }

  return { text, editing, canSend, write, submit, editLast, cancel }
}
