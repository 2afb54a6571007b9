import { z } from 'zod'
import { Bool, Integer, orNothing, Time, Uuid } from './fields.ts'
import { UserBrief } from './users.ts'

export const Participant = z.object({
  id: z.int(),
  user: UserBrief,
  room: Uuid,
  joined_at: Time,
  last_read_at: Time.nullable(),
  is_admin: z.boolean(),
  unread_count: z.int(),
  is_muted: z.boolean(),
  muted_until: Time.nullable(),
  left_at: Time.nullable(),
})
export type Participant = z.infer<typeof Participant>

/** What is a participant's own affair. From `unread_from_seq` on everything counts as unread because he said so; null: as far as he has read. */
export const Participation = z.object({
  room_id: Uuid,
  unread_count: z.int(),
  unread_from_seq: z.int().nullable(),
  is_muted: z.boolean(),
  muted_until: Time.nullable(),
})
export type Participation = z.infer<typeof Participation>

export const AddParticipant = z.object({ room: Uuid, user: Integer, is_admin: Bool.default(false) })
export type AddParticipant = z.infer<typeof AddParticipant>

export const UpdateParticipant = z.object({ is_admin: Bool.optional() })
export type UpdateParticipant = z.infer<typeof UpdateParticipant>

/** Mutes for good, or until a time. */
export const MuteParticipant = z.object({
  muted: Bool.default(true),
  muted_until: orNothing(z.iso.datetime({ offset: true, local: true })),
})
export type MuteParticipant = z.infer<typeof MuteParticipant>
