import { closeCodes } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'
import type { RelayContext } from './options.ts'

/** The sockets of one user here. */
export type User = {
  id: number
  /** They are few, and mostly one: a Set would be larger than what is in it. Replaced when it changes, so that who goes over it may close some. */
  connections: readonly Connection[]
  /** Upgrades under way count, too. */
  reserved: number
  /** As last compared with the rooms his sockets are in. */
  membership: number | undefined
}

/** Who is connected here. */
export function createUsers({ backend, log, options }: RelayContext) {
  const users = new Map<number, User>()

  function forgetIfGone(user: User) {
    if (user.connections.length === 0 && user.reserved === 0) users.delete(user.id)
  }

  return {
    get: (userId: number) => users.get(userId),
    all: () => users.values(),
    *connections(): Iterable<Connection> {
      for (const user of users.values()) yield* user.connections
    },

    /** A place among the sockets of the user; undefined when they are too many. The answer ends the reservation. */
    reserve(userId: number): (() => void) | undefined {
      const user = users.get(userId) ?? { id: userId, connections: [], reserved: 0, membership: undefined }
      if (user.connections.length + user.reserved >= options.socketsPerUser) return undefined
      users.set(userId, user)
      user.reserved++
      return () => {
        user.reserved--
        forgetIfGone(user)
      }
    },

    add(connection: Connection): void {
      const user = users.get(connection.userId)
      if (user) user.connections = user.connections.concat(connection)
    },

    remove(connection: Connection): void {
      const user = users.get(connection.userId)
      if (!user) return
      user.connections = user.connections.filter((one) => one !== connection)
      forgetIfGone(user)
    },

    /** The rooms of one of his sockets were read at this number. When those of the others were at another, the next sweep compares them all. */
    noteMembership(userId: number, membership: number): void {
      const user = users.get(userId)
      if (!user || user.membership === membership) return
      user.membership = user.membership === undefined && socketsOfAllRooms(user).length === 1 ? membership : undefined
    },

    /** The next sweep compares his rooms. */
    forgetMembership(userId: number): void {
      const user = users.get(userId)
      if (user) user.membership = undefined
    },

    /** Closes those sockets of the user whose session has ended. `version` is what the others are known to stand at afterwards. */
    async checkSessions(user: User, version?: number): Promise<void> {
      const { connections } = user
      const asked = connections.map(({ identity }) => identity)
      const sessions = asked.map(({ user_id, session }) => ({ user_id, session }))
      try {
        const { valid } = await backend.ask('sessions', { sessions })
        for (const [index, connection] of connections.entries()) {
          // Renewed meanwhile: that was another session.
          if (connection.identity !== asked[index]) continue
          if (valid[index] === false) connection.close(closeCodes.token)
          else if (version !== undefined) connection.identity.session_version = version
        }
      } catch (err) {
        log.debug({ userId: user.id, err }, 'sessions not checked')
      }
    },
  }
}

/** Those of a user's sockets that carry all his rooms, and have said so. */
export function socketsOfAllRooms(user: User): Connection[] {
  return user.connections.filter((connection) => connection.roomId === undefined && connection.established)
}

export type Users = ReturnType<typeof createUsers>
