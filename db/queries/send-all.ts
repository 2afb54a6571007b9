import type { Queryable } from '../open.ts'
import { arrayOf, prepareCall, textArrayOf } from '../prepared.ts'
import type { NewMessage } from './new-message.ts'

/** What the database adds to a message when it stores it. */
export type StoredRow = {
  id: string
  seq: string
  created_at: string
  sender_username: string
  sender_first_name: string
  sender_last_name: string
  sender_email: string
  quote_id: string | null
  quote_sender_id: number | null
  quote_sender_username: string
  quote_content: string
  quote_created_at: string
}

const names = [
  'room_ids',
  'room_counts',
  'room_newest',
  'message_ids',
  'message_rooms',
  'message_places',
  'sender_ids',
  'client_ids',
  'contents',
  'reply_to_ids',
] as const

const askSendAll = prepareCall<StoredRow, Record<(typeof names)[number], string>>('chat_send_all', names)

/** Those of one room in a batch: its place among the rooms, their number, and the last of them. */
type Share = { place: number; count: number; newest: string }

/**
 * Stores the messages, none with an attachment, in one transaction and in their order: all of them, or none. The answer is undefined then:
 * a sender may not, a room is archived, a quoted message is elsewhere or a `client_id` is known. Rows come back in no order.
 */
export async function insertAll(db: Queryable, messages: readonly NewMessage[]): Promise<StoredRow[] | undefined> {
  const shares = new Map<string, Share>()
  const rooms: number[] = []
  const places: number[] = []
  for (const { id, roomId } of messages) {
    const share = shares.get(roomId) ?? { place: shares.size + 1, count: 0, newest: id }
    shares.set(roomId, share)
    share.count++
    share.newest = id
    rooms.push(share.place)
    places.push(share.count)
  }
  const counted = [...shares.values()]
  const rows = await askSendAll(db, {
    room_ids: arrayOf([...shares.keys()]),
    room_counts: arrayOf(counted.map(({ count }) => count)),
    room_newest: arrayOf(counted.map(({ newest }) => newest)),
    message_ids: arrayOf(messages.map(({ id }) => id)),
    message_rooms: arrayOf(rooms),
    message_places: arrayOf(places),
    sender_ids: arrayOf(messages.map(({ senderId }) => senderId)),
    client_ids: textArrayOf(messages.map(({ clientId }) => clientId)),
    contents: textArrayOf(messages.map(({ content }) => content)),
    reply_to_ids: arrayOf(messages.map(({ replyToId }) => replyToId)),
  })
  return rows.length === 0 ? undefined : rows
}
