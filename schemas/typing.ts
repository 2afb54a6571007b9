import { z } from 'zod'
import { Time, Uuid } from './fields.ts'
import { UserBrief } from './users.ts'

/** How long a sign of typing counts, in seconds. */
export const typingSeconds = 10

export const Typing = z.object({ id: z.int(), room: Uuid, user: UserBrief, started_at: Time })
export type Typing = z.infer<typeof Typing>
