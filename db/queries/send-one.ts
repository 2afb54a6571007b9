import type { Queryable } from '../open.ts'
import { prepareCall } from '../prepared.ts'
import type { NewMessage } from './new-message.ts'
import type { StoredRow } from './send-all.ts'

const names = ['to_room', 'message_id', 'from_user', 'client_id', 'content', 'reply_to'] as const

const askSendOne = prepareCall<StoredRow | { id: null }, Record<(typeof names)[number], string | number | null>>('chat_send_one', names)

/** Stores the message, which has no attachment, in a transaction of its own. Undefined for the same reasons as insertAll's answer; then nothing is stored. */
export async function insertOne(db: Queryable, message: NewMessage): Promise<StoredRow | undefined> {
  const [row] = await askSendOne(db, {
    to_room: message.roomId,
    message_id: message.id,
    from_user: message.senderId,
    client_id: message.clientId,
    content: message.content,
    reply_to: message.replyToId,
  })
  return row && row.id !== null ? row : undefined
}
