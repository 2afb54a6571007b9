import { encodeEvents, roomChannel } from '../schemas/bus.ts'
import { typingSeconds } from '../schemas/typing.ts'
import type { Connection } from './connection.ts'
import type { RelayContext } from './options.ts'
import type { LiveRoom } from './room.ts'

/** A user typing in a room, on one or more of his sockets here. */
type Typist = {
  roomId: string
  userId: number
  username: string
  connections: Set<Connection>
  /** When the others were last told that he types, and when he last said so. On the clock of performance.now. */
  toldAt: number
  startedAt: number
  /** What the others believe. */
  isSeen: boolean
  /** They do not know it yet. */
  isDue: boolean
}

const tellEvery = 1_000
const nobody = { toldAt: -tellEvery, startedAt: 0, isSeen: false, isDue: false }

/** Who types on the sockets here. Others are told that somebody types once a second at most, however often he says so. */
export function createTyping({ bus }: RelayContext) {
  const typists = new Map<string, Typist>()

  function tell({ roomId, userId, username }: Typist, isTyping: boolean) {
    const frame = JSON.stringify({ type: 'typing', room_id: roomId, user_id: userId, username, is_typing: isTyping })
    bus.publish(roomChannel(roomId), encodeEvents([{ seq: 0, effect: { kind: 'typist', userId }, frame }]))
  }

  function tellStarted(typist: Typist, now: number) {
    const isEarly = now - typist.toldAt < tellEvery
    typist.isDue = isEarly && !typist.isSeen
    if (isEarly) return
    typist.toldAt = now
    typist.isSeen = true
    void bus.startTyping(typist.roomId, typist.userId)
    tell(typist, true)
  }

  function start(connection: Connection, roomId: string) {
    const { userId, identity } = connection
    const key = keyOf(roomId, userId)
    const typist = typists.get(key) ?? { ...nobody, roomId, userId, username: identity.username, connections: new Set<Connection>() }
    const now = performance.now()
    typists.set(key, typist)
    typist.connections.add(connection)
    typist.startedAt = now
    tellStarted(typist, now)
  }

  /** The typist stays known for a moment: who starts and stops all the time is told of once a second, too. */
  function stop(connection: Connection, roomId: string) {
    const typist = typists.get(keyOf(roomId, connection.userId))
    if (!typist?.connections.delete(connection) || typist.connections.size > 0) return
    void bus.stopTyping(roomId, connection.userId)
    if (typist.isSeen) tell(typist, false)
    typist.isSeen = false
    typist.isDue = false
  }

  return {
    start,
    stop,
    stopAll(connection: Connection): void {
      for (const { room } of connection.seats) stop(connection, room.id)
    },
    stopAllIn(room: LiveRoom): void {
      for (const seat of room.seats) stop(seat.connection, room.id)
    },
    /** Tells what had to wait, and forgets what is over. */
    sweep(now: number): void {
      for (const [key, typist] of typists) {
        if (typist.isDue) tellStarted(typist, now)
        const isOver = typist.connections.size === 0 && now - typist.toldAt > tellEvery
        if (isOver || now - typist.startedAt > typingSeconds * 1_000) typists.delete(key)
      }
    },
  }
}

export type TypingHere = ReturnType<typeof createTyping>

function keyOf(roomId: string, userId: number): string {
  return `${roomId} ${userId}`
}
