import { useEffect, useRef } from 'preact/hooks'
import type { SidePanel as Which } from '../store/panels.ts'
import { usePage, useWords } from './context.ts'
import { Details } from './details.tsx'
import { IconButton } from './icon.tsx'
import { SearchPanel } from './search-panel.tsx'

export function SidePanel({ panel }: { panel: Which }) {
  const { panels, places } = usePage()
  const words = useWords()
  const { roomId } = places.place.value
  const box = useRef<HTMLElement>(null)
  useEffect(() => box.current?.querySelector<HTMLElement>('input, button')?.focus(), [panel])
  const title = panel === 'search' ? words.search.title : words.details.title
  const close = () => {
    panels.side.value = undefined
  }
  return (
    <aside ref={box} class="side" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <IconButton name="close" label={words.details.close} keys="Esc" onClick={close} />
      </header>
      {panel === 'search' ? <SearchPanel /> : roomId && <Details key={roomId} roomId={roomId} />}
    </aside>
  )
}
