import type { RoomListItem } from '../../schemas/rooms.ts'
import type { DurableFrame } from '../../schemas/socket.ts'

export const roomFilters = ['all', 'unread', 'direct', 'group', 'task', 'property', 'archived'] as const
export type RoomFilter = (typeof roomFilters)[number]
type ChatMessageFrame = Extract<DurableFrame, { type: 'chat_message' }>

export function sortRooms(rooms: readonly RoomListItem[]): RoomListItem[] {
  return [...rooms].sort((one, other) => timeOf(other) - timeOf(one))
}

const timeOf = (room: RoomListItem) => Date.parse(room.last_message_time)

export function matchesFilter(room: RoomListItem, filter: RoomFilter): boolean {
  if (filter === 'archived') return !room.is_active
  if (!room.is_active) return false
  if (filter === 'all') return true
  return filter === 'unread' ? room.unread_count > 0 : room.room_type === filter
}

export function matchesText(room: Pick<RoomListItem, 'display_name'>, text: string): boolean {
  return folded(room.display_name).includes(folded(text.trim()))
}

/** Without accents and case, so that "phong" finds "Phòng". */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase()
}

/** Rooms as just read; what the socket said since then about one of them stays. */
export function mergeRooms(known: ReadonlyMap<string, RoomListItem>, read: readonly RoomListItem[]): Map<string, RoomListItem> {
  return new Map(
    read.map((room) => {
      const before = known.get(room.id)
      return [room.id, before && before.seq > room.seq ? before : room]
    }),
  )
}

/** The room after a message; as it was when that message is known already. */
export function advanceRoom(room: RoomListItem, frame: ChatMessageFrame, me: number | undefined): RoomListItem {
  if (frame.seq <= room.seq) return room
  const { message } = frame
  const isMine = message.sender?.id === me
  return {
    ...room,
    seq: frame.seq,
    unread_count: isMine ? room.unread_count : room.unread_count + 1,
    last_message_preview: previewOf(message),
    last_message_time: message.created_at,
    modified_at: message.created_at,
  }
}

function previewOf({ message_type, content }: ChatMessageFrame['message']): string {
  const bracketed = { image: '[Image]', file: '[File Attachment]', system: '[System Message]' }
  return message_type === 'text' ? [...content].slice(0, 100).join('') : bracketed[message_type]
}
