import type { ParticipantRow } from '../../db/queries/participants.ts'
import type { RoomRow, SeenRoomRow } from '../../db/queries/rooms.ts'
import type { Message } from '../../schemas/messages.ts'
import type { Room, RoomListItem } from '../../schemas/rooms.ts'
import { presentParticipant } from './participants.ts'
import { presentTime, presentTimeOrNull } from './times.ts'
import { presentUser } from './users.ts'

export function presentRoomListItem(room: SeenRoomRow): RoomListItem {
  return {
    id: room.id,
    display_name: room.displayName,
    room_type: room.roomType,
    is_active: room.isActive,
    unread_count: room.unreadCount,
    last_message_preview: preview(room),
    last_message_time: presentTime(room.lastMessage?.createdAt ?? room.createdAt),
    participant_count: room.participantCount,
    modified_at: presentTime(room.modifiedAt),
    seq: room.lastSeq,
    is_muted: room.isMuted,
    unread_from_seq: room.unreadFromSeq,
  }
}

function preview({ lastMessage }: SeenRoomRow): string {
  switch (lastMessage?.messageType) {
    case undefined:
      return 'No messages yet'
    case 'image':
      return '[Image]'
    case 'file':
      return '[File Attachment]'
    case 'system':
      return '[System Message]'
    default:
      return lastMessage?.content ?? ''
  }
}

export function presentRoom(room: SeenRoomRow, participants: readonly ParticipantRow[], lastMessage: Message | null): Room {
  return {
    id: room.id,
    seq: room.lastSeq,
    name: room.name,
    room_type: room.roomType,
    task: room.taskId,
    property: room.propertyId,
    created_at: presentTime(room.createdAt),
    modified_at: presentTime(room.modifiedAt),
    created_by: room.createdBy && presentUser(room.createdBy),
    is_active: room.isActive,
    archived_at: presentTimeOrNull(room.archivedAt),
    participants: participants.map(presentParticipant),
    participant_count: participants.length,
    last_message: lastMessage,
    unread_count: room.unreadCount,
    display_name: room.displayName,
  }
}

/** The room's own fields, for a `room_updated` frame. */
export function presentRoomToAll(room: RoomRow) {
  return {
    id: room.id,
    name: room.name,
    room_type: room.roomType,
    is_active: room.isActive,
    archived_at: presentTimeOrNull(room.archivedAt),
    is_deleted: room.deletedAt !== null,
    modified_at: presentTime(room.modifiedAt),
  }
}
