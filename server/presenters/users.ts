import type { UserRow } from '../../db/queries/users.ts'
import type { UserBrief } from '../../schemas/users.ts'

export function fullName(user: Pick<UserRow, 'username' | 'firstName' | 'lastName'>): string {
  return `${user.firstName} ${user.lastName}`.trim() || user.username
}

export function presentUser(user: UserRow): UserBrief {
  return { id: user.id, username: user.username, full_name: fullName(user), email: user.email }
}
