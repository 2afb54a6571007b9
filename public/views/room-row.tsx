import type { RoomListItem } from '../../schemas/rooms.ts'
import { fullTime, shortTime } from '../words/times.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { isNarrow } from './surface.ts'

/** A room in the list: whom it is with, what was said last and when, and what waits in it. */
export function RoomRow({ room }: { room: RoomListItem }) {
  const { places, drafts, conversation, panels, root } = usePage()
  const words = useWords()
  const isOpen = places.place.value.roomId === room.id
  const draft = isOpen ? undefined : drafts.texts.value.get(room.id)?.trim()
  // What comes into the room that one looks at is read the next moment: a badge would only flash.
  const isLookedAt = isOpen && conversation.atBottom.value && !conversation.held.value && document.hasFocus()
  const unread = isLookedAt ? 0 : room.unread_count
  const at = Date.parse(room.last_message_time)
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    if (isNarrow(root)) panels.side.value = undefined
    places.go(room.id)
  }
  return (
    <li>
      <a href={`#/${room.id}`} class={`row ${unread > 0 ? 'is-unread' : ''}`} aria-current={isOpen ? 'page' : undefined} onClick={open}>
        <Avatar name={room.display_name} {...(room.room_type === 'direct' ? {} : { kind: room.room_type })} />
        <span class="line">
          <span class="name" dir="auto">
            {room.display_name}
            {room.room_type !== 'direct' && <span class="for-readers">, {words.list.types[room.room_type]}</span>}
          </span>
          <time dateTime={room.last_message_time} title={fullTime(words, at)}>
            {shortTime(words, at)}
          </time>
        </span>
        <span class="line">
          <span class="preview" dir="auto">
            {draft ? <b class="draft">{words.list.draft} </b> : null}
            {draft || (words.list.previews[room.last_message_preview] ?? room.last_message_preview)}
          </span>
          <Marks isMuted={room.is_muted} unread={unread} />
        </span>
      </a>
    </li>
  )
}

function Marks({ isMuted, unread }: { isMuted: boolean; unread: number }) {
  const words = useWords()
  return (
    <span class="marks">
      {isMuted && (
        <span class="muted" title={words.list.muted}>
          <Icon name="muted" size={14} />
          <span class="for-readers">{words.list.muted}</span>
        </span>
      )}
      {unread > 0 && (
        <span class={`badge ${isMuted ? 'quiet' : ''}`}>
          <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
          <span class="for-readers">{words.list.unread(unread)}</span>
        </span>
      )}
    </span>
  )
}
