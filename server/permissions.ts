/** What a user is to a room: nothing (`undefined`), a member, or an admin. */
export type Standing = { isAdmin: boolean } | undefined
type RoomState = { isActive: boolean }

export const canWrite = (standing: Standing, room: RoomState): boolean => standing !== undefined && room.isActive
/** Renaming, archiving, restoring, deleting. */
export const canManageRoom = (standing: Standing): boolean => standing?.isAdmin === true
export const canManageParticipants = (standing: Standing): boolean => standing?.isAdmin === true
export const canChangeMessage = (actor: { id: number }, message: { sender: { id: number } | null }): boolean =>
  message.sender?.id === actor.id
export const canMute = (actor: { id: number }, participant: { user: { id: number } }): boolean => participant.user.id === actor.id

/** A room with others in it keeps at least one admin; a direct room may always be left. */
export function canLeave(standing: Standing, room: { roomType: string }, members: { members: number; admins: number }): boolean {
  if (!standing) return false
  return room.roomType === 'direct' || !standing.isAdmin || members.admins > 1 || members.members === 1
}
