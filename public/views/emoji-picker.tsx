import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Emoji, findEmoji, loadEmoji, recentEmoji, rememberEmoji } from '../store/emoji.ts'
import { useWords } from './context.ts'
import { surface } from './surface.ts'

type Props = { onPick: (text: string) => void; onClose: () => void }
type Section = { title: string; emoji: readonly Emoji[] }

/** Over the composer. Comes with its files only when it is asked for. */
export default function EmojiPicker({ onPick, onClose }: Props) {
  const words = useWords()
  const box = useRef<HTMLDivElement>(null)
  const [all, setAll] = useState<readonly Emoji[] | 'failed'>()
  const [text, setText] = useState('')
  useEffect(() => {
    loadEmoji(words.locale).then(setAll, () => setAll('failed'))
  }, [words.locale])
  useLayoutEffect(() => box.current?.querySelector('input')?.focus(), [])
  useEffect(() => {
    const leave = (event: PointerEvent) => {
      // From within a shadow tree the target alone says little. The button closes by itself.
      const button = box.current?.parentElement
      if (!event.composedPath().some((each) => each === button)) onClose()
    }
    addEventListener('pointerdown', leave)
    return () => removeEventListener('pointerdown', leave)
  }, [onClose])
  const pick = (emoji: Emoji) => {
    rememberEmoji(emoji.text)
    onPick(emoji.text)
  }
  const sections = Array.isArray(all) ? sectionsOf(all, text, words.emoji) : []
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      onClose()
    } else if (box.current && step(box.current, event.key)) event.preventDefault()
    else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      event.preventDefault()
      const first = sections[0]?.emoji[0]
      if (first && text.trim()) pick(first)
    }
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its fields and buttons are what is used; the keys of all of them end here.
    <div ref={box} class="emoji-picker" onKeyDown={key}>
      <input
        type="search"
        value={text}
        placeholder={words.emoji.search}
        aria-label={words.emoji.search}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="emoji-sections" tabIndex={-1}>
        {sections.map(({ title, emoji }) => (
          <Group key={title} title={title} emoji={emoji} onPick={pick} />
        ))}
        {all === 'failed' && <p class="hint">{words.emoji.failed}</p>}
        {Array.isArray(all) && sections.length === 0 && <p class="hint">{words.emoji.none}</p>}
      </div>
    </div>
  )
}

function Group({ title, emoji, onPick }: Section & { onPick: (emoji: Emoji) => void }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <div class="emoji-grid">
        {emoji.map((each) => (
          <button key={each.text} type="button" tabIndex={-1} title={each.name} aria-label={each.name} onClick={() => onPick(each)}>
            {each.text}
          </button>
        ))}
      </div>
    </section>
  )
}

function sectionsOf(all: readonly Emoji[], text: string, words: { recent: string; search: string; groups: readonly string[] }): Section[] {
  if (text.trim()) {
    const found = findEmoji(all, text)
    return found.length > 0 ? [{ title: words.search, emoji: found }] : []
  }
  const recent = recentEmoji().flatMap((kept) => all.find((each) => each.text === kept) ?? [])
  const groups = words.groups.map((title, group) => ({ title, emoji: all.filter((each) => each.group === group) }))
  return [{ title: words.recent, emoji: recent }, ...groups].filter(({ emoji }) => emoji.length > 0)
}

/** Arrow keys go through the emoji, up from the first row back into the field. False for other keys. */
function step(box: HTMLElement, key: string): boolean {
  const field = box.querySelector('input')
  const buttons = [...box.querySelectorAll<HTMLButtonElement>('button')]
  const now = buttons.indexOf(surface().activeElement as HTMLButtonElement)
  const first = buttons[0]
  if (now < 0) {
    if (key === 'ArrowDown') first?.focus()
    return key === 'ArrowDown'
  }
  const grid = buttons[now]?.parentElement
  const columns = grid ? getComputedStyle(grid).gridTemplateColumns.split(' ').length : 1
  const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key]
  if (move === undefined) return false
  const next = buttons[now + move]
  if (next) next.focus()
  else if (move < 0) field?.focus()
  return true
}
