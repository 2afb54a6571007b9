import { useSignalEffect } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { usePage } from './context.ts'

/** Says each new message of the open room once; neither its history nor one's own. */
export function Announcer() {
  const { conversation, words } = usePage()
  const [text, setText] = useState('')
  const said = useRef<number>(undefined)
  useSignalEffect(() => {
    const newest = conversation.isLatest.value ? conversation.newest.value : undefined
    if (newest?.seq === undefined) return
    const isFirst = said.current === undefined
    const isNew = newest.seq > (said.current ?? 0)
    if (isNew) said.current = newest.seq
    if (!isFirst && isNew && !newest.mine && !newest.deleted)
      setText(words.value.message.announce(newest.senderName, newest.text || (newest.file?.name ?? '')))
  })
  return (
    <div class="for-readers" aria-live="polite" aria-atomic="true" data-announcer>
      {text}
    </div>
  )
}
