import { useEffect } from 'preact/hooks'
import type { Page } from '../store/page.ts'
import { surface } from './surface.ts'

/** Keys that work everywhere on the page. */
export function useShortcuts(page: Page): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!event.composedPath().includes(page.root)) return
      if (isSwitcher(event)) open(page, event, 'switcher')
      else if (event.key === '?' && !isWriting(event.composedPath()[0])) open(page, event, 'help')
      else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) step(page, event)
      else if (event.key === 'Escape' && !page.panels.dialog.peek() && !event.defaultPrevented) page.panels.side.value = undefined
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [page])
}

const isSwitcher = (event: KeyboardEvent) => (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'k'

function open({ panels }: Page, event: KeyboardEvent, kind: 'switcher' | 'help'): void {
  event.preventDefault()
  panels.dialog.value = { kind }
}

function step({ rooms, places }: Page, event: KeyboardEvent): void {
  event.preventDefault()
  const shown = rooms.shown.peek()
  const here = shown.findIndex(({ id }) => id === places.place.peek().roomId)
  const next = shown[here + (event.key === 'ArrowUp' ? -1 : 1)]
  if (next) places.go(next.id)
}

export function focusComposer(): void {
  surface().querySelector<HTMLElement>('.composer textarea')?.focus()
}

function isWriting(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** On a touch keyboard Enter breaks the line. */
export function isTouch(): boolean {
  return matchMedia('(pointer: coarse) and (hover: none)').matches
}
