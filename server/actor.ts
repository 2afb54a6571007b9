import type { Role } from '../schemas/users.ts'

/** Who asks: the bearer of an access token that was good when the request began. */
export type Actor = {
  id: number
  username: string
  firstName: string
  lastName: string
  email: string
  role: Role
  isSuperuser: boolean
  /** The sign-in of the token; null for the old backend's tokens, which name none. */
  session: string | null
  sessionVersion: number
  /** Milliseconds since 1970. */
  expiresAt: number
}
