import type { ParticipantRow } from '../../db/queries/participants.ts'
import type { Participant, Participation } from '../../schemas/participants.ts'
import { presentTime, presentTimeOrNull } from './times.ts'
import { presentUser } from './users.ts'

export function presentParticipant(row: ParticipantRow): Participant {
  return {
    id: row.id,
    user: presentUser(row.user),
    room: row.roomId,
    joined_at: presentTime(row.joinedAt),
    last_read_at: presentTimeOrNull(row.lastReadAt),
    is_admin: row.isAdmin,
    unread_count: row.unreadCount,
    is_muted: row.isMuted,
    muted_until: presentTimeOrNull(row.mutedUntil),
    left_at: presentTimeOrNull(row.leftAt),
  }
}

/** What only he himself is told. */
export function presentParticipation(row: ParticipantRow): Participation {
  return {
    room_id: row.roomId,
    unread_count: row.unreadCount,
    unread_from_seq: row.unreadFromSeq,
    is_muted: row.isMuted,
    muted_until: presentTimeOrNull(row.mutedUntil),
  }
}

/** What everybody in the room may be told: without his reading and his mute. */
export function presentParticipantToAll(row: ParticipantRow): Participant {
  return { ...presentParticipant(row), last_read_at: null, unread_count: 0, is_muted: false, muted_until: null }
}
