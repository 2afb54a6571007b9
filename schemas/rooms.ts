import { z } from 'zod'
import { Bool, Integer, nameText, orNothing, Time, Uuid } from './fields.ts'
import { Message } from './messages.ts'
import { Participant } from './participants.ts'
import { UserBrief } from './users.ts'

export const RoomType = z.enum(['direct', 'group', 'task', 'property'])
export type RoomType = z.infer<typeof RoomType>

/** A room in the list of one participant. `unread_from_seq`: from there on he marked it unread. */
export const RoomListItem = z.object({
  id: Uuid,
  display_name: z.string(),
  room_type: RoomType,
  is_active: z.boolean(),
  unread_count: z.int(),
  last_message_preview: z.string(),
  last_message_time: Time,
  participant_count: z.int(),
  modified_at: Time,
  seq: z.int(),
  is_muted: z.boolean(),
  unread_from_seq: z.int().nullable(),
})
export type RoomListItem = z.infer<typeof RoomListItem>

/** A whole room as one participant sees it; `seq` is the head of its history. */
export const Room = z.object({
  id: Uuid,
  seq: z.int(),
  name: z.string(),
  room_type: RoomType,
  task: z.int().nullable(),
  property: z.int().nullable(),
  created_at: Time,
  modified_at: Time,
  created_by: UserBrief.nullable(),
  is_active: z.boolean(),
  archived_at: Time.nullable(),
  participants: z.array(Participant),
  participant_count: z.int(),
  last_message: Message.nullable(),
  unread_count: z.int(),
  display_name: z.string(),
})
export type Room = z.infer<typeof Room>

export const CreateRoom = z.object({
  room_type: RoomType.default('direct'),
  name: nameText(255).nullish(),
  task: orNothing(Integer),
  property: orNothing(Integer),
  participant_ids: z.union([z.array(Integer).max(1_000), Integer.transform((id) => [id])]).optional(),
})
export type CreateRoom = z.infer<typeof CreateRoom>

export const UpdateRoom = z.object({ name: nameText(255).optional(), is_active: Bool.optional() })
export type UpdateRoom = z.infer<typeof UpdateRoom>

export const RoomStats = z.object({
  message_count: z.int(),
  participant_count: z.int(),
  unread_count: z.int(),
  last_message_at: Time.nullable(),
})
export type RoomStats = z.infer<typeof RoomStats>

/** What is unread: in all, and by room where there is something. */
export const Unread = z.object({
  total: z.int(),
  rooms: z.array(z.object({ room_id: Uuid, unread_count: z.int(), is_muted: z.boolean() })),
})
export type Unread = z.infer<typeof Unread>
