import type { Connection } from './connection.ts'
import type { RelayOptions } from './options.ts'
import { Rate } from './rate.ts'

const periodMs = 10_000

/** What one may say, and how much of it may be messages. */
class Share {
  readonly #commands: Rate
  readonly #sends: Rate

  constructor(commands: number, sends: number) {
    this.#commands = new Rate(commands, periodMs)
    this.#sends = new Rate(sends, periodMs)
  }

  /** Milliseconds until it may be said. */
  wait(isSend: boolean, now: number): number {
    return Math.max(this.#commands.wait(now), isSend ? this.#sends.wait(now) : 0)
  }

  count(isSend: boolean, now: number): void {
    this.#commands.count(now)
    if (isSend) this.#sends.count(now)
  }

  isIdle(now: number): boolean {
    return this.#commands.isIdle(now) && this.#sends.isIdle(now)
  }
}

/** Of one connection: what it may say, and how often it may be told to wait. */
type Meters = { share: Share; refusals: Rate }

/**
 * How much is taken of a user over all his sockets here; one connection has half of it, so that a device that runs wild leaves the others theirs. He may go
 * on too fast for as many commands as a connection has, to read that he is to wait; then he does not want to. Who says nothing takes no place here.
 */
export function createLimits({ commandsPerUser, sendsPerUser }: Pick<RelayOptions, 'commandsPerUser' | 'sendsPerUser'>) {
  const halfOf = (whole: number) => Math.ceil(whole / 2)
  const users = new Map<number, Share>()
  const connections = new Map<Connection, Meters>()

  function shareOf(userId: number): Share {
    const known = users.get(userId)
    if (known) return known
    const share = new Share(commandsPerUser, sendsPerUser)
    users.set(userId, share)
    return share
  }

  function metersOf(connection: Connection): Meters {
    const known = connections.get(connection)
    if (known) return known
    const commands = halfOf(commandsPerUser)
    const meters = { share: new Share(commands, halfOf(sendsPerUser)), refusals: new Rate(commands, periodMs) }
    connections.set(connection, meters)
    return meters
  }

  function refuse(refusals: Rate, wait: number, now: number): number | 'too fast' {
    if (refusals.wait(now) > 0) return 'too fast'
    refusals.count(now)
    return Math.ceil(wait / 1_000)
  }

  return {
    /** Counts a command: 0, or the whole seconds to wait when it is one too many and was not counted; `too fast` when he was told so often enough. */
    take(connection: Connection, isSend: boolean, now = performance.now()): number | 'too fast' {
      const ofUser = shareOf(connection.userId)
      const { share, refusals } = metersOf(connection)
      const wait = Math.max(ofUser.wait(isSend, now), share.wait(isSend, now))
      if (wait > 0) return refuse(refusals, wait, now)
      ofUser.count(isSend, now)
      share.count(isSend, now)
      return 0
    },
    /** It is gone, and says no more. */
    forget(connection: Connection): void {
      connections.delete(connection)
    },
    /** Forgets who has been quiet. */
    sweep(now: number): void {
      for (const [userId, share] of users) if (share.isIdle(now)) users.delete(userId)
      for (const [connection, { share, refusals }] of connections) {
        if (share.isIdle(now) && refusals.isIdle(now)) connections.delete(connection)
      }
    },
    /** Users that are remembered. */
    size: () => users.size,
    /** Connections that are remembered. */
    connections: () => connections.size,
  }
}

export type Limits = ReturnType<typeof createLimits>
