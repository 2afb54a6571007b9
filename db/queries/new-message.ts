import type { MessageType } from '../../schemas/messages.ts'

/** A checked message on its way into the database. `id` is chosen by the sender's server. */
export type NewMessage = {
  id: string
  roomId: string
  senderId: number
  clientId: string | null
  content: string
  messageType: Exclude<MessageType, 'system'>
  replyToId: string | null
  attachment: { key: string; name: string; size: number; type: string } | null
}
