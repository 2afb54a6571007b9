import type { BackendAnswer, OpenRoom } from '../schemas/backend.ts'
import { decodeEvents } from '../schemas/bus.ts'
import { closeCodes, type Frame, ParticipantAddedFrame } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'
import type { RelayContext } from './options.ts'
import type { Replayer } from './replayer.ts'
import type { LiveRoom } from './room.ts'
import type { Rooms } from './rooms.ts'
import { Seat } from './seat.ts'

type Opened = BackendAnswer<'open'>

/** What the address says of where the client is. Malformed: not a number that a room can have. */
export type Since = number | 'malformed' | undefined

/**
 * Gives connections their seats. The head is read after the subscription is confirmed, and a seat begins there: what the room has applied
 * beyond it is replayed from the log, what the room has not come to yet it is not given.
 */
export function createJoining({ backend }: RelayContext, rooms: Rooms, replayer: Replayer) {
  /** Subscribed, with a hold on them that `release` ends. */
  async function enter(roomIds: readonly string[]): Promise<LiveRoom[]> {
    const entered = roomIds.map((roomId) => rooms.enter(roomId))
    await Promise.all(entered.map((room) => room.subscribed))
    return entered
  }

  function release(entered: readonly LiveRoom[]) {
    for (const room of entered) {
      room.joining--
      room.letGo()
    }
  }

  function sit(connection: Connection, room: LiveRoom, { seq }: OpenRoom, { epoch, archived }: Opened): Seat {
    room.meetHead(seq, epoch)
    room.meetArchived(archived.includes(room.id), seq)
    const seat = new Seat(connection, room, seq)
    room.addSeat(seat)
    connection.seats.add(seat)
    return seat
  }

  async function openRoom(connection: Connection, roomId: string, since: Since) {
    const entered = await enter([roomId])
    try {
      const opened = await backend.ask('open', { user_id: connection.userId, room_ids: [roomId] })
      const [room] = entered
      const [found] = opened.rooms
      if (connection.closed) return
      if (!room || !found) return connection.close(closeCodes.notParticipant)
      const seat = sit(connection, room, found, opened)
      establish(connection, { type: 'connection_established', ...whoIs(connection), ...found, epoch: opened.epoch })
      if (since === 'malformed') seat.resync(seat.seq)
      else if (since !== undefined) seat.moveTo(since)
      if (seat.isBehind()) replayer.replay(seat)
    } finally {
      release(entered)
    }
  }

  /** Answers the user's membership number, as in `heads`. */
  async function openAll(connection: Connection, roomIds: readonly string[]): Promise<number> {
    const entered = await enter(roomIds)
    try {
      const opened = await backend.ask('open', { user_id: connection.userId, room_ids: null })
      if (connection.closed) return opened.membership
      const known = new Set(roomIds)
      const here = opened.rooms.filter(({ room_id }) => known.has(room_id))
      establish(connection, { type: 'connection_established', ...whoIs(connection), epoch: opened.epoch, rooms: here })
      sitIn(connection, entered, { ...opened, rooms: here })
      const later = opened.rooms.filter(({ room_id }) => !known.has(room_id))
      await Promise.all(later.map(({ room_id }) => appear([connection], room_id)))
      return opened.membership
    } finally {
      release(entered)
    }
  }

  function sitIn(connection: Connection, entered: readonly LiveRoom[], opened: Opened) {
    const byId = new Map(opened.rooms.map((room) => [room.room_id, room]))
    for (const room of entered) {
      const found = byId.get(room.id)
      if (!found || connection.seats.in(room.id)) continue
      const seat = sit(connection, room, found, opened)
      if (seat.isBehind()) replayer.replay(seat)
    }
  }

  /** A room that its user has come into, on his sockets of all rooms: it begins with his own participant_added, where it has one. */
  async function appear(connections: readonly Connection[], roomId: string): Promise<void> {
    const [first] = connections
    if (!first || connections.every((connection) => connection.closed || connection.seats.in(roomId))) return
    const entered = await enter([roomId])
    try {
      const opened = await backend.ask('open', { user_id: first.userId, room_ids: [roomId] })
      const [room] = entered
      const [found] = opened.rooms
      if (!room || !found) return
      const start = await beforeArrival(first.userId, found)
      for (const connection of connections) {
        if (connection.closed || connection.seats.in(roomId)) continue
        const seat = sit(connection, room, found, opened)
        seat.seq = start
        connection.send({ type: 'room_appeared', ...found, seq: start, epoch: opened.epoch })
        if (seat.isBehind()) replayer.replay(seat)
      }
    } finally {
      release(entered)
    }
  }

  /** A room that was made with him in it has no such event, and one that he came into long ago has it further back: then it begins at its head. */
  async function beforeArrival(userId: number, { room_id, seq: head }: OpenRoom): Promise<number> {
    const { events } = await backend.ask('changes', { room_id, since: Math.max(0, head - arrivalWithin), limit: arrivalWithin })
    const arrival = decodeEvents(events).findLast(({ frame }) => arrivalOf(frame) === userId)
    return arrival ? arrival.seq - 1 : head
  }

  return { openRoom, openAll, appear }
}

export type Joining = ReturnType<typeof createJoining>

const arrivalWithin = 100

function arrivalOf(frame: string): number | undefined {
  if (!frame.includes('participant_added')) return undefined
  const parsed = ParticipantAddedFrame.safeParse(JSON.parse(frame))
  return parsed.data?.participant.user.id
}

function whoIs({ identity: { user_id, username } }: Connection) {
  return { user_id, username }
}

function establish(connection: Connection, frame: Extract<Frame, { type: 'connection_established' }>) {
  connection.established = true
  connection.send(frame)
}
