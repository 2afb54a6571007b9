import type { UnreadRow } from '../../db/queries/participants.ts'
import type { ReceiptRow } from '../../db/queries/reads.ts'
import type { Receipts } from '../../schemas/messages.ts'
import type { Unread } from '../../schemas/rooms.ts'
import { presentTime } from './times.ts'
import { presentUser } from './users.ts'

export function presentReceipts(rows: readonly ReceiptRow[]): Receipts {
  return {
    read: rows.flatMap(({ user, readAt }) => (readAt === null ? [] : [{ user: presentUser(user), read_at: presentTime(readAt) }])),
    unread: rows.flatMap(({ user, readAt }) => (readAt === null ? [presentUser(user)] : [])),
  }
}

export function presentUnread(rows: readonly UnreadRow[]): Unread {
  return {
    total: rows.reduce((sum, row) => sum + row.unreadCount, 0),
    rooms: rows.map((row) => ({ room_id: row.roomId, unread_count: row.unreadCount, is_muted: row.isMuted })),
  }
}
