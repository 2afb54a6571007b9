import type { BackendAnswer } from '../schemas/backend.ts'
import { decodeEvents } from '../schemas/bus.ts'
import { ChatError, errorTable } from '../schemas/errors.ts'
import { furthestResume } from '../schemas/socket.ts'
import type { RelayContext } from './options.ts'
import { liveEvent } from './room.ts'
import type { Seat } from './seat.ts'

/** Pages asked for at the same time, by all seats together: bounds what is in memory, and what a wave of reconnects asks of the server. */
const pagesAtOnce = 32
const largestPage = 500
const smallestPage = 4

/**
 * Gives seats that are behind what they miss, from the log, until they meet the live room. They take turns, a page each. A slow
 * connection is left alone until it has drained; what failed is tried again by `retry`.
 */
export function createReplayer({ backend, log }: RelayContext) {
  const queue: Seat[] = []
  const failed = new Set<Seat>()
  let running = 0

  function replay(seat: Seat) {
    if (seat.replaying) return
    seat.replaying = true
    queue.push(seat)
    pump()
  }

  function pump() {
    while (running < pagesAtOnce) {
      const seat = queue.shift()
      if (!seat) return
      running++
      void turn(seat)
    }
  }

  async function turn(seat: Seat) {
    try {
      if (mustGoOn(seat)) await step(seat)
      if (mustGoOn(seat)) queue.push(seat)
      else finish(seat)
    } catch (err) {
      log.debug({ roomId: seat.room.id, err }, 'replaying failed')
      seat.replaying = false
      // What is refused for good is not asked for again: a room that is gone is ended by the sweep.
      if (!canPass(err)) seat.wantsReads = false
      if (!seat.left) failed.add(seat)
    } finally {
      running--
      pump()
    }
  }

  async function step(seat: Seat) {
    if (seat.unchecked || seat.seq < seat.room.applied) await givePage(seat)
    else await giveReads(seat)
  }

  async function givePage(seat: Seat) {
    const { connection, room, seq: since, moves } = seat
    const page = await backend.ask('changes', { room_id: room.id, since, limit: connection.pageSize })
    if (seat.left || seat.moves !== moves) return
    room.meetHead(page.head, page.epoch)
    // Of a former history; or all seats were put elsewhere just now, by a newer one.
    if (seat.left || page.epoch !== room.epoch || seat.seq < since) return
    const end = Math.max(page.head, room.applied)
    if (isOutOfReach(since, page.head)) return seat.resync(end)
    seat.unchecked = false
    take(seat, page)
    // The log does not go on: nothing that the client could wait for.
    if (seat.seq === since && since < end && !connection.slow && !seat.left) seat.resync(end)
  }

  function take(seat: Seat, page: BackendAnswer<'changes'>) {
    const { connection } = seat
    let given = 0
    for (const event of decodeEvents(page.events)) {
      if (seat.left || !seat.give(liveEvent(event))) break
      given++
    }
    connection.pageSize = connection.slow ? Math.max(smallestPage, given) : Math.min(largestPage, connection.pageSize * 2)
  }

  async function giveReads(seat: Seat) {
    const { events } = await backend.ask('reads', { room_id: seat.room.id })
    seat.wantsReads = false
    if (seat.left) return
    for (const event of decodeEvents(events)) seat.giveVolatile(liveEvent({ ...event, seq: 0, effect: undefined }))
  }

  return {
    /** Until the seat has what the room has. */
    replay,
    retry(): void {
      const seats = [...failed]
      failed.clear()
      for (const seat of seats) if (!seat.left) replay(seat)
    },
  }
}

export type Replayer = ReturnType<typeof createReplayer>

function mustGoOn(seat: Seat): boolean {
  return !seat.left && !seat.connection.slow && seat.isBehind()
}

function finish(seat: Seat) {
  seat.replaying = false
  seat.onReplayed()
}

function isOutOfReach(since: number, head: number): boolean {
  return since > head || head - since > furthestResume
}

function canPass(err: unknown): boolean {
  return err instanceof ChatError && errorTable[err.code].retry
}
