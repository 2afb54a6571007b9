import { useLayoutEffect, useRef } from 'preact/hooks'
import type { SidePanel as Which } from '../store/panels.ts'
import { usePage, useWords } from './context.ts'
import { Details } from './details.tsx'
import { IconButton } from './icon.tsx'
import { SearchPanel } from './search-panel.tsx'
import { focusComposer } from './shortcuts.ts'
import { surface } from './surface.ts'

export function SidePanel({ panel }: { panel: Which }) {
  const { panels, places } = usePage()
  const words = useWords()
  const { roomId } = places.place.value
  const box = useRef<HTMLElement>(null)
  useLayoutEffect(() => {
    const before = surface().activeElement
    box.current?.querySelector<HTMLElement>(panel === 'search' ? 'input' : 'button')?.focus()
    return () => {
      // Whoever has gone elsewhere meanwhile stays there.
      if (!box.current?.contains(surface().activeElement)) return
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus()
      else focusComposer()
    }
  }, [panel])
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
