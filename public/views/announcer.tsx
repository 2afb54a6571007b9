import { useSignalEffect } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import type { Shown } from '../store/shown.ts'
import { usePage } from './context.ts'

/** Lines that stay, so that those which come together are each said. */
const linesKept = 20

/** Says each new message of the open room once; neither its history nor one's own. Several may come at once: each is a line that is added. */
export function Announcer() {
  const { conversation, words } = usePage()
  const [lines, setLines] = useState<readonly { key: string; text: string }[]>([])
  const said = useRef<number>(undefined)
  useSignalEffect(() => {
    const stored = conversation.isLatest.value ? conversation.stored.value : []
    const newest = stored.at(-1)?.seq
    if (newest === undefined) return
    const since = said.current ?? newest
    said.current = Math.max(since, newest)
    const added = newerThan(stored, since).filter(({ mine, deleted }) => !mine && !deleted)
    if (added.length === 0) return
    const { announce } = words.value.message
    const more = added.map(({ key, senderName, text, file }) => ({ key, text: announce(senderName, text || (file?.name ?? '')) }))
    setLines((before) => [...before, ...more].slice(-linesKept))
  })
  return (
    <div class="for-readers" aria-live="polite" data-announcer>
      {lines.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  )
}

/** Those at the end, in their order. */
function newerThan(stored: readonly Shown[], seq: number): readonly Shown[] {
  const last = stored.findLastIndex((message) => (message.seq ?? 0) <= seq)
  return stored.slice(last + 1)
}
