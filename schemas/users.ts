import { z } from 'zod'

export const Role = z.enum(['superuser', 'manager', 'staff', 'viewer'])
export type Role = z.infer<typeof Role>

/** A user as REST shows him everywhere. `full_name` is never empty. */
export const UserBrief = z.object({
  id: z.int(),
  username: z.string(),
  full_name: z.string(),
  email: z.string(),
})
export type UserBrief = z.infer<typeof UserBrief>
