import type { Command } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'
import type { Replayer } from './replayer.ts'
import type { Seat } from './seat.ts'

type Resume = Extract<Command, { type: 'resume' }>

/**
 * Replays rooms from where the client is: everything after that comes (again), in order. Resolves when it has come, so that a client who asks
 * again and again is answered one at a time. Rooms that he is not in are passed over: he is told of his rooms as they come and go.
 */
export function createResuming(replayer: Replayer) {
  const lines = new WeakMap<Connection, Promise<void>>()

  function resumeSeat(seat: Seat, since: number, epoch: number | undefined): Promise<void> | undefined {
    if (epoch !== undefined && epoch !== seat.room.epoch) {
      seat.wantsReads = true
      seat.resync(Math.max(seat.room.applied, 0))
    } else seat.moveTo(since)
    return replayed(seat)
  }

  function replayed(seat: Seat): Promise<void> {
    return new Promise((resolve) => {
      seat.onReplayed = resolve
      replayer.replay(seat)
    })
  }

  async function resumeAll(connection: Connection, { rooms, epoch }: Resume) {
    const replays = Object.entries(rooms).map(([roomId, since]) => {
      const seat = connection.seats.in(roomId)
      return seat && resumeSeat(seat, since, epoch)
    })
    await Promise.all(replays)
  }

  return function resume(connection: Connection, command: Resume): Promise<void> {
    const before = lines.get(connection) ?? Promise.resolve()
    const mine = before.then(() => resumeAll(connection, command))
    lines.set(connection, mine)
    return mine
  }
}
