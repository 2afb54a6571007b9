import type { Connection } from './connection.ts'
import type { RelayOptions } from './options.ts'
import { Rate } from './rate.ts'

const periodMs = 10_000

/** What one may say, and how much of it may be messages. */
class Share {
  readonly commands: Rate
  readonly sends: Rate

  constructor(commands: number, sends: number) {
    this.commands = new Rate(commands, periodMs)
    this.sends = new Rate(sends, periodMs)
  }

  /** The rates that a command counts in. */
  of(isSend: boolean): Rate[] {
    return isSend ? [this.commands, this.sends] : [this.commands]
  }
}

/**
 * How much is taken of a user over all his sockets here; one connection has half of it, so that a device that runs wild leaves the others theirs. He may go
 * on too fast for as many commands as a connection has, to read that he is to wait; then he does not want to.
 */
export function createLimits({ commandsPerUser, sendsPerUser }: Pick<RelayOptions, 'commandsPerUser' | 'sendsPerUser'>) {
  const halfOf = (whole: number) => Math.ceil(whole / 2)
  const users = new Map<number, Share>()
  const connections = new WeakMap<Connection, { share: Share; refusals: Rate }>()

  function shareOf(userId: number): Share {
    const share = users.get(userId) ?? new Share(commandsPerUser, sendsPerUser)
    users.set(userId, share)
    return share
  }

  function metersOf(connection: Connection) {
    const commands = halfOf(commandsPerUser)
    const meters = connections.get(connection) ?? {
      share: new Share(commands, halfOf(sendsPerUser)),
      refusals: new Rate(commands, periodMs),
    }
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
      const { share, refusals } = metersOf(connection)
      const rates = [shareOf(connection.userId), share].flatMap((one) => one.of(isSend))
      const wait = Math.max(...rates.map((rate) => rate.wait(now)))
      if (wait > 0) return refuse(refusals, wait, now)
      for (const rate of rates) rate.count(now)
      return 0
    },
    /** Forgets who has been quiet. */
    sweep(now: number): void {
      for (const [userId, share] of users) if (share.commands.isIdle(now) && share.sends.isIdle(now)) users.delete(userId)
    },
    /** Users that are remembered. */
    size: () => users.size,
  }
}

export type Limits = ReturnType<typeof createLimits>
