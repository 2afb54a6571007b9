import { closeCodes } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'
import type { Joining } from './joining.ts'
import type { Limits } from './limits.ts'
import type { RelayContext } from './options.ts'
import type { Replayer } from './replayer.ts'
import type { LiveRoom } from './room.ts'
import type { Rooms } from './rooms.ts'
import type { TypingHere } from './typing.ts'
import { socketsOfAllRooms, type User, type Users } from './users.ts'

type Parts = { rooms: Rooms; users: Users; limits: Limits; typing: TypingHere; replayer: Replayer; joining: Joining }

/** Ids in one question. */
const idsAtOnce = 1_000

/** Once a second: what the bus may have lost is asked of the server, and what has run out on the sockets is ended. One timer for all of them. */
export function startSweep(context: RelayContext, parts: Parts) {
  const { backend, log, options } = context
  const { rooms, users, typing, replayer } = parts
  let asking = false
  let again = false
  let lookedAt = performance.now()

  /** One round at a time; asked for meanwhile, another follows. */
  async function compareHeads(): Promise<void> {
    again = asking
    if (asking) return
    asking = true
    try {
      do {
        again = false
        await compareAll()
      } while (again)
    } catch (err) {
      log.debug({ err }, 'heads not compared')
    } finally {
      asking = false
    }
  }

  async function compareAll() {
    const someRooms = chunks([...rooms.all()])
    const someUsers = chunks([...users.all()])
    const rounds = Math.max(someRooms.length, someUsers.length)
    for (let round = 0; round < rounds; round++) await compare(someRooms[round] ?? [], someUsers[round] ?? [])
  }

  async function compare(asked: LiveRoom[], askedUsers: User[]) {
    const heads = await backend.ask('heads', { room_ids: asked.map(({ id }) => id), user_ids: askedUsers.map(({ id }) => id) })
    for (const [index, room] of asked.entries()) meetHead(room, heads.seqs[index], heads.epoch)
    for (const [index, user] of askedUsers.entries()) {
      meetVersion(user, heads.versions[index] ?? null)
      meetMembership(user, heads.memberships[index] ?? null)
    }
  }

  function meetHead(room: LiveRoom, head: number | null | undefined, epoch: number) {
    if (head === null) room.end()
    // Who is just sitting down reads the head himself, after his subscription.
    else if (head !== undefined && room.applied >= 0) room.meetHead(head, epoch)
  }

  function meetVersion(user: User, version: number | null) {
    const isOther = user.connections.some(({ identity }) => identity.session_version !== version)
    if (isOther) void users.checkSessions(user, version ?? undefined)
  }

  function meetMembership(user: User, membership: number | null) {
    if (membership === null || membership === user.membership) return
    const wide = socketsOfAllRooms(user)
    if (wide.length === 0) return
    findRooms(user, wide).then(
      () => {
        // Who came meanwhile may have read his rooms before the change.
        if (socketsOfAllRooms(user).every((connection) => wide.includes(connection))) user.membership = membership
      },
      (err: unknown) => log.debug({ userId: user.id, err }, 'rooms not compared'),
    )
  }

  async function findRooms(user: User, wide: Connection[]) {
    const { rooms: his } = await backend.ask('open', { user_id: user.id, room_ids: null })
    await Promise.all(his.map(({ room_id }) => parts.joining.appear(wide, room_id)))
  }

  /** How long this process itself did not come to look: nobody can be blamed for that time. */
  function stalledFor(now: number): number {
    const late = now - lookedAt - options.sweepInterval
    lookedAt = now
    return late > options.sweepInterval ? late : 0
  }

  function look(connection: Connection, now: number, wallClock: number) {
    if (connection.identity.expires_at <= wallClock) return connection.close(closeCodes.token)
    if (now - connection.heardAt >= options.pongTimeout) return connection.terminate()
    if (connection.isStuck(now)) return connection.tooSlow()
    if (now - connection.pingedAt < options.pingInterval) return
    connection.pingedAt = now
    connection.socket.ping()
  }

  function sweep() {
    const now = performance.now()
    const wallClock = Date.now()
    const stalled = stalledFor(now)
    for (const connection of [...users.connections()]) {
      connection.heardAt += stalled
      look(connection, now, wallClock)
    }
    typing.sweep(now)
    parts.limits.sweep(now)
    replayer.retry()
    void compareHeads()
  }

  const timer = setInterval(sweep, options.sweepInterval)
  return { compareHeads, stop: () => clearInterval(timer) }
}

function chunks<Item>(items: Item[]): Item[][] {
  const cut: Item[][] = []
  for (let start = 0; start < items.length; start += idsAtOnce) cut.push(items.slice(start, start + idsAtOnce))
  return cut
}
