import { z } from 'zod'
import { orNothing, Time, text, Uuid, visibleText } from './fields.ts'
import { UserBrief } from './users.ts'

/** Characters (code points) of a message at most. */
export const longestMessage = 10_000

export const MessageType = z.enum(['text', 'image', 'file', 'system'])
export type MessageType = z.infer<typeof MessageType>

/** The quoted message; its sender may be gone. `content` is its first 100 characters. */
export const Quote = z.object({
  id: Uuid,
  sender: z.object({ id: z.int(), username: z.string() }).nullable(),
  content: z.string(),
  created_at: Time,
})
export type Quote = z.infer<typeof Quote>

/** A message as REST shows it to one reader. `attachment` is a link of his own, which expires. `seq` is its place in the room's history. */
export const Message = z.object({
  id: Uuid,
  room: Uuid,
  room_id: Uuid,
  seq: z.int(),
  client_id: z.string().nullable(),
  sender: UserBrief.nullable(),
  message_type: MessageType,
  content: z.string(),
  attachment: z.string().nullable(),
  attachment_name: z.string().nullable(),
  attachment_size: z.int().nullable(),
  reply_to: Quote.nullable(),
  reply_to_id: Uuid.nullable(),
  created_at: Time,
  modified_at: Time,
  is_edited: z.boolean(),
  edited_at: Time.nullable(),
  is_deleted: z.boolean(),
  deleted_at: Time.nullable(),
  is_read: z.boolean(),
  read_count: z.int(),
  read_by: z.record(z.string(), Time),
})
export type Message = z.infer<typeof Message>

/** Chosen by the client: the same id again is the same message, for ever. */
export const ClientId = text(64).refine((value) => value !== '', 'This field may not be blank.')

/** What a client sends, beside the file. `content` may be empty or missing only beside a file, which also decides the type. */
export const SendFields = z.object({
  room: Uuid,
  content: z.string().optional(),
  message_type: z.enum(['text', 'image', 'file']).optional(),
  reply_to: orNothing(Uuid),
  client_id: ClientId.nullish(),
  attachment_name: text(255).nullish(),
})
export type SendFields = z.infer<typeof SendFields>

/** What a message can say: no NUL, no half of a surrogate pair, at most 10 000 characters. */
export const MessageText = text(longestMessage)
export const MessageContent = visibleText(longestMessage)

export const EditMessage = z.object({ content: MessageContent })
export type EditMessage = z.infer<typeof EditMessage>

/** Who in the room has read a message and who has not, its sender left out. */
export const Receipts = z.object({
  read: z.array(z.object({ user: UserBrief, read_at: Time })),
  unread: z.array(UserBrief),
})
export type Receipts = z.infer<typeof Receipts>
