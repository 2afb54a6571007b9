import { z } from 'zod'
import { fieldMessages, text } from './fields.ts'
import { Role } from './users.ts'

const given = (limit: number) => text(limit).refine((value) => value !== '', fieldMessages.blank)

export const SignIn = z.object({ username: given(150), password: given(1024) })
export type SignIn = z.infer<typeof SignIn>

export const RefreshToken = z.object({ refresh: given(65_536) })
/** Nothing, from a page whose refresh token is in a cookie. */
export const RefreshTokenOrCookie = RefreshToken.partial()
export const VerifyToken = z.object({ token: given(65_536) })

/** Access: 30 minutes. Refresh: 7 days, good for one use. */
export const TokenPair = z.object({ access: z.string(), refresh: z.string() })
export type TokenPair = z.infer<typeof TokenPair>
/** For a page whose refresh token is in a cookie that no script can read. */
export const AccessToken = TokenPair.omit({ refresh: true })

export const SignedIn = TokenPair.extend({
  user: z.object({
    id: z.int(),
    username: z.string(),
    email: z.string(),
    role: Role,
    is_superuser: z.boolean(),
  }),
})
export type SignedIn = z.infer<typeof SignedIn>
/** As AccessToken. */
export const SignedInByCookie = SignedIn.omit({ refresh: true })

/** What a token says of its bearer. Django writes `user_id` as a string. `sid` names the sign-in, so that revoking it reaches its access tokens too. */
export const Claims = z.object({
  token_type: z.enum(['access', 'refresh']),
  exp: z.int(),
  jti: z.string().min(1).max(255),
  user_id: z.union([
    z.int().positive(),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ]),
  sid: z.string().max(64).optional(),
})
export type Claims = z.infer<typeof Claims>
