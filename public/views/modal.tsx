import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { usePage, useWords } from './context.ts'
import { IconButton } from './icon.tsx'
import { surface } from './surface.ts'

/** Over everything: the focus is in it at once (the next key is for it) and stays in it, Esc closes it, and the focus goes back to where it was. */
export function Modal({ title, children, kind = '' }: { title: string; children: ComponentChildren; kind?: string }) {
  const { panels } = usePage()
  const words = useWords()
  const box = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const before = surface().activeElement
    const dialog = box.current
    dialog?.showModal()
    // Where one begins: at what is asked for, not at the cross.
    dialog?.querySelector<HTMLElement>('input, .buttons button')?.focus()
    return () => {
      // While it is open nothing else can have the focus.
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  const close = () => {
    panels.dialog.value = undefined
  }
  /** The browser tells of a closing later, when this one may be gone and the next be there: that is not to be closed. */
  const closed = (event: Event) => event.target === box.current && close()
  /** Esc: gone at once. */
  const cancel = (event: Event) => {
    if (event.target !== box.current) return
    event.preventDefault()
    close()
  }
  const click = (event: MouseEvent) => event.target === box.current && close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the backdrop is for the pointer; Esc closes for keys.
    <dialog ref={box} class={`modal ${kind}`} aria-label={title} onCancel={cancel} onClose={closed} onClick={click}>
      <div class="sheet">
        <header>
          <h2>{title}</h2>
          <IconButton name="close" label={words.details.close} keys="Esc" onClick={close} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
