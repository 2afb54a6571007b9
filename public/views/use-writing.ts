import { useEffect, useState } from 'preact/hooks'
import type { Shown } from '../store/shown.ts'
import { usePage, useWords } from './context.ts'

/** Characters of a message at most, as the server counts them. */
export const longest = 10_000
const invisible = /^[\p{Cf}\p{Cc}\p{Z}\p{Mn}\u115F\u1160\u2800\u3164\uFFA0]*$/u

export function lengthOf(text: string): number {
  return [...text].length
}

/** What is in the composer: a draft, or the text of a message that is being changed; and what can be done with it. */
export function useWriting(roomId: string) {
  const { drafts, panels, client, conversation, typing, attachments, uploads } = usePage()
  const words = useWords()
  const editing = panels.editing.value
  const [edited, setEdited] = useState('')
  const [problem, setProblem] = useState<string>()
  const draft = drafts.texts.value.get(roomId) ?? ''
  const text = editing ? edited : draft
  const files = attachments.chosen.value.get(roomId) ?? []
  const isBlank = invisible.test(text.trim())
  const canSend = (!isBlank || (files.length > 0 && !editing)) && (text.length <= longest || lengthOf(text.trim()) <= longest)

  useEffect(() => {
    if (editing) setEdited(editing.text)
    setProblem(undefined)
  }, [editing])

  function write(value: string): void {
    if (editing) {
      setEdited(value)
      return
    }
    drafts.set(roomId, value)
    if (value.trim() === '') typing.stopped(roomId)
    else typing.typed(roomId)
  }

  function submit(): void {
    if (!canSend) return
    if (editing) {
      save(editing, edited.trim())
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

  function save(message: Shown, content: string): void {
    if (message.id === undefined) client.outbox.edit(message.clientId ?? '', content)
    else if (content !== message.text) {
      const failed = () => {
        // The text comes back to where it can be sent again.
        panels.editing.value = message
        setTimeout(() => {
          setEdited(content)
          setProblem(words.composer.notSaved)
        })
      }
      void client.api.editMessage(message.id, content).catch(failed)
    }
    panels.editing.value = undefined
  }

  /** My last message, if there is one that can be changed. */
  function editLast(): boolean {
    if (editing || panels.replyTo.peek()) return false
    const last = conversation.shown
      .peek()
      .findLast(({ mine, deleted, text: said, id }) => mine && !deleted && said !== '' && id !== undefined)
    if (last) panels.editing.value = last
    return last !== undefined
  }

  function cancel(): boolean {
    const isOpen = editing !== undefined || panels.replyTo.peek() !== undefined
    panels.editing.value = undefined
    panels.replyTo.value = undefined
    return isOpen
  }

  return { text, canSend, problem, write, submit, editLast, cancel }
}
