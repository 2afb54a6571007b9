import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { AttachButtons } from './attach-buttons.tsx'
import { ComposerTop, FileTray } from './composer-top.tsx'
import { usePage, useWords } from './context.ts'
import { EmojiButton } from './emoji-button.tsx'
import { Icon } from './icon.tsx'
import { focusComposer, isTouch } from './shortcuts.ts'
import { lengthOf, longest, useWriting } from './use-writing.ts'

/** Characters before the limit at which it begins to show. */
const warnsFrom = 500

export function Composer({ roomId }: { roomId: string }) {
  const { attachments, typing } = usePage()
  const words = useWords()
  const writing = useWriting(roomId)
  const field = useRef<HTMLTextAreaElement>(null)
  const { text, editing } = writing

  useLayoutEffect(() => grow(field.current), [text])
  useEffect(() => {
    if (!isTouch()) field.current?.focus()
    return () => typing.stopped(roomId)
  }, [roomId])
  // Before anything more can be typed: later, it would go where the caret was.
  useLayoutEffect(() => {
    const area = field.current
    if (!editing || !area) return
    area.focus()
    area.setSelectionRange(area.value.length, area.value.length)
  }, [editing?.message])

  const keyDown = (event: KeyboardEvent) => {
    // 229 is the key of an input method that composes.
    if (event.isComposing || event.keyCode === 229) return
    if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault()
      writing.submit()
    } else if (event.key === 'ArrowUp' && text === '' && !event.altKey && writing.editLast()) event.preventDefault()
    else if (event.key === 'Escape' && writing.cancel()) event.preventDefault()
  }
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0) return
    event.preventDefault()
    attachments.add(roomId, files)
  }
  /** Where the caret is, or over what is marked. */
  const insert = (added: string) => {
    const area = field.current
    if (!area) return
    area.focus()
    area.setRangeText(added, area.selectionStart, area.selectionEnd, 'end')
    writing.write(area.value)
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        writing.submit()
        focusComposer()
      }}
    >
      <ComposerTop editing={editing} cancel={writing.cancel} />
      <FileTray roomId={roomId} />
      <div class="line">
        <AttachButtons roomId={roomId} />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={text}
          placeholder={words.composer.placeholder}
          aria-label={words.composer.label}
          enterkeyhint={isTouch() ? 'enter' : 'send'}
          onInput={(event) => writing.write(event.currentTarget.value)}
          onKeyDown={keyDown}
          onPaste={paste}
          onBlur={() => typing.stopped(roomId)}
        />
        <EmojiButton onPick={insert} onClose={focusComposer} />
        <button type="submit" class="send" disabled={!writing.canSend} aria-label={editing ? words.composer.save : words.composer.send}>
          <Icon name={editing ? 'sent' : 'send'} />
        </button>
      </div>
      <Limit text={text} />
    </form>
  )
}

function Limit({ text }: { text: string }) {
  const words = useWords()
  // Cheap for the usual text: counting characters costs a walk through it.
  const left = text.length < longest - warnsFrom ? longest : longest - lengthOf(text)
  if (left > warnsFrom) return null
  return (
    <p class={`limit ${left < 0 ? 'over' : ''}`} role="status">
      {left < 0 ? words.composer.over(-left) : words.composer.left(left)}
    </p>
  )
}

function grow(area: HTMLTextAreaElement | null): void {
  if (!area) return
  area.style.height = 'auto'
  area.style.height = `${area.scrollHeight}px`
}
