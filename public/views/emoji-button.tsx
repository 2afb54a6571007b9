import type { ComponentType } from 'preact'
import { useState } from 'preact/hooks'
import { usePage, useWords } from './context.ts'
import { IconButton } from './icon.tsx'

type Picker = ComponentType<{ onPick: (text: string) => void; onClose: () => void }>

/** Opens the picker, which is fetched the first time. */
export function EmojiButton({ onPick, onClose }: { onPick: (text: string) => void; onClose: () => void }) {
  const { panels } = usePage()
  const words = useWords()
  const [Picker, setPicker] = useState<Picker>()
  const [isOpen, setOpen] = useState(false)
  const close = () => {
    setOpen(false)
    onClose()
  }
  const toggle = () => {
    if (isOpen) return close()
    setOpen(true)
    if (Picker) return
    import('./emoji-picker.tsx').then(
      (loaded) => setPicker(() => loaded.default),
      () => {
        setOpen(false)
        panels.tell(words.emoji.failed)
      },
    )
  }
  return (
    <span class="emoji-button">
      <IconButton name="emoji" label={words.composer.emoji} pressed={isOpen} onClick={toggle} />
      {isOpen && Picker && (
        <Picker
          onPick={(text) => {
            setOpen(false)
            onPick(text)
          }}
          onClose={close}
        />
      )}
    </span>
  )
}
