import type { Bus } from '../../schemas/bus.ts'
import { isFresh } from './typing.ts'

/**
 * Who types, without a timer: both maps are in the order of the last start, so what has expired is at the front, and every start takes that away.
 * `now` is in milliseconds since 1970.
 */
export function createMemoryTyping(now: () => number): Pick<Bus, 'startTyping' | 'stopTyping' | 'listTyping'> {
  const rooms = new Map<string, Map<number, number>>()

  function dropExpired() {
    for (const [roomId, typists] of rooms) {
      for (const [userId, startedAt] of typists) {
        if (isFresh(startedAt, now())) return
        typists.delete(userId)
      }
      rooms.delete(roomId)
    }
  }

  return {
    async startTyping(roomId, userId) {
      dropExpired()
      const typists = rooms.get(roomId) ?? new Map<number, number>()
      typists.delete(userId)
      typists.set(userId, now())
      rooms.delete(roomId)
      rooms.set(roomId, typists)
    },
    async stopTyping(roomId, userId) {
      const typists = rooms.get(roomId)
      const startedAt = typists?.get(userId)
      typists?.delete(userId)
      if (typists?.size === 0) rooms.delete(roomId)
      return startedAt !== undefined && isFresh(startedAt, now())
    },
    async listTyping(roomId) {
      const typists = [...(rooms.get(roomId) ?? [])]
      return typists.filter(([, startedAt]) => isFresh(startedAt, now())).map(([userId, startedAt]) => ({ userId, startedAt }))
    },
  }
}
