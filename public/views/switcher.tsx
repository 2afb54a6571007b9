import { useState } from 'preact/hooks'
import { matchesText } from '../store/room-order.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Modal } from './modal.tsx'

const most = 12

/** To a room by a piece of its name; what has unread messages comes first. */
export function Switcher() {
  const { rooms, places, panels } = usePage()
  const words = useWords()
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const all = rooms.sorted.value.filter((room) => room.is_active && matchesText(room, text))
  const found = [...all.filter(({ unread_count }) => unread_count > 0), ...all.filter(({ unread_count }) => unread_count === 0)].slice(
    0,
    most,
  )
  const go = (id: string | undefined) => {
    if (!id) return
    panels.dialog.value = undefined
    places.go(id)
  }
  const key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) setChosen((chosen + step + found.length) % Math.max(1, found.length))
    else if (event.key === 'Enter') go(found[chosen]?.id)
    else return
    event.preventDefault()
  }
  return (
    <Modal title={words.switcher.title} kind="switcher">
      <input
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: a search field without a list has another role by itself.
        role="combobox"
        list={undefined}
        aria-autocomplete="list"
        aria-expanded={found.length > 0}
        aria-controls="switcher-rooms"
        aria-activedescendant={found[chosen] && `to-${found[chosen].id}`}
        aria-label={words.switcher.label}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setChosen(0)
        }}
        onKeyDown={key}
      />
      <div id="switcher-rooms" class="people" role="listbox" aria-label={words.switcher.label}>
        {found.map((room, index) => (
          <button
            key={room.id}
            id={`to-${room.id}`}
            type="button"
            tabIndex={-1}
            role="option"
            class="entry"
            aria-selected={index === chosen}
            onClick={() => go(room.id)}
          >
            <Avatar name={room.display_name} size="small" {...(room.room_type === 'direct' ? {} : { kind: room.room_type })} />
            <span class="file-name" dir="auto">
              {room.display_name}
            </span>
            {room.unread_count > 0 && <span class="badge">{room.unread_count}</span>}
          </button>
        ))}
      </div>
      {found.length === 0 && <p class="hint">{words.switcher.none}</p>}
    </Modal>
  )
}
