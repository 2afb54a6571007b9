import { roomChannel } from '../schemas/bus.ts'
import type { RelayContext } from './options.ts'
import { LiveRoom, type RoomListener } from './room.ts'

const roomPrefix = roomChannel('')

/** The rooms that somebody here is in, each subscribed once. */
export function createRooms(context: RelayContext, listener: RoomListener) {
  const { bus, log } = context
  const live = new Map<string, LiveRoom>()

  function onEmpty(room: LiveRoom) {
    live.delete(room.id)
    bus.unsubscribe(roomChannel(room.id))
  }

  /** Without a confirmation the sweep brings what the bus does not, until the bus is back and announces a gap. */
  function subscribe(roomId: string): Promise<void> {
    return bus.subscribe(roomChannel(roomId)).catch((err: unknown) => {
      log.debug({ roomId, err }, 'room not subscribed')
    })
  }

  function start(roomId: string): LiveRoom {
    const room = new LiveRoom(roomId, subscribe(roomId), { ...context, ...listener, onEmpty })
    live.set(roomId, room)
    return room
  }

  return {
    /** For somebody about to sit down; he lowers `joining` when that is done, and calls `letGo`. */
    enter(roomId: string): LiveRoom {
      const room = live.get(roomId) ?? start(roomId)
      room.joining++
      return room
    },
    get: (roomId: string) => live.get(roomId),
    all: () => live.values(),
    hear(channel: string, text: string): void {
      if (channel.startsWith(roomPrefix)) live.get(channel.slice(roomPrefix.length))?.hear(text)
    },
  }
}

export type Rooms = ReturnType<typeof createRooms>
