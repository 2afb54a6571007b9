import type { ComponentChildren, RefObject } from 'preact'
import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'
import { surface } from './surface.ts'

const Close = createContext<() => void>(() => undefined)

type Props = { label: string; anchor: RefObject<HTMLElement | null>; onClose: () => void; children: ComponentChildren }

/** A menu by its button: arrows move, Esc and a click elsewhere close it, and the focus goes back. */
export function Menu({ label, anchor, onClose, children }: Props) {
  const menu = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const [box, place] = [menu.current, anchor.current?.getBoundingClientRect()]
    if (!box || !place) return
    box.showPopover?.()
    const { width, height } = box.getBoundingClientRect()
    const below = place.bottom + height + 8 < innerHeight
    box.style.left = `${Math.max(8, Math.min(place.right - width, innerWidth - width - 8))}px`
    box.style.top = `${below ? place.bottom + 4 : Math.max(8, place.top - height - 4)}px`
    itemsOf(box)[0]?.focus()
  }, [])
  useEffect(() => {
    const leave = (event: Event) => {
      // From within a shadow tree the target alone says little.
      const path = event.composedPath()
      if (!path.some((each) => each === menu.current || each === anchor.current)) onClose()
    }
    addEventListener('pointerdown', leave)
    addEventListener('wheel', leave, { passive: true })
    return () => {
      removeEventListener('pointerdown', leave)
      removeEventListener('wheel', leave)
    }
  }, [onClose])
  const close = () => {
    anchor.current?.focus()
    onClose()
  }
  const key = (event: KeyboardEvent) => {
    const box = menu.current
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (step && box) {
      event.preventDefault()
      const items = itemsOf(box)
      const now = items.indexOf(surface().activeElement as HTMLElement)
      items[(now + step + items.length) % items.length]?.focus()
    }
  }
  return (
    <div ref={menu} class="menu" role="menu" aria-label={label} popover="manual" tabIndex={-1} onKeyDown={key}>
      <Close.Provider value={close}>{children}</Close.Provider>
    </div>
  )
}

export function MenuItem({ icon, text, run, danger = false }: { icon: IconName; text: string; run: () => void; danger?: boolean }) {
  const close = useContext(Close)
  const choose = () => {
    close()
    run()
  }
  return (
    <button type="button" role="menuitem" class={danger ? 'danger' : ''} onClick={choose}>
      <Icon name={icon} size={16} />
      {text}
    </button>
  )
}

function itemsOf(box: HTMLElement): HTMLElement[] {
  return [...box.querySelectorAll<HTMLElement>('[role="menuitem"]')]
}
