import type { RoomState } from '../../../public/client/state.ts'
import type { DurableFrame, Frame } from '../../../schemas/socket.ts'
import type { ObserverLog } from '../judge/evidence.ts'
import type { Caller } from './caller.ts'
import type { Ledger } from './ledger.ts'
import { type Line, openLine } from './line.ts'
import type { Somebody } from './people.ts'
import { loadState } from './rest-state.ts'
import { View } from './view.ts'

export type Observer = {
  name: string
  who: Somebody
  views: ReadonlyMap<string, View>
  line: Line
  /** How often a socket was opened. */
  connections(): number
  logs(): ObserverLog[]
}

type ObserverParts = {
  name: string
  who: Somebody
  urls: readonly string[]
  /** What he knows at the start, by REST. */
  states: readonly RoomState[]
  caller: Caller
  ledger: Ledger
}

type Established = Extract<Frame, { type: 'connection_established' }>

/** On the socket of one room, coming back with `since`. */
export function observeRoom(parts: ObserverParts): Observer {
  const [view] = viewsOf(parts).values()
  if (!view) throw new Error('an observer of one room needs its state')
  return observe(parts, {
    path: () => `/ws/chat/${view.roomId}/?token=${parts.who.token}&since=${view.cursor}`,
    views: new Map([[view.roomId, view]]),
    onEstablished: () => view.note({ kind: 'opened', since: view.cursor }),
  })
}

/** On the socket of all rooms, coming back with `resume`. */
export function observeAll(parts: ObserverParts): Observer {
  const views = viewsOf(parts)

  function resume(frame: Established, line: Line) {
    const heads = new Map('rooms' in frame ? frame.rooms.map(({ room_id, seq }) => [room_id, seq]) : [])
    for (const view of views.values()) {
      view.note({ kind: 'opened', since: heads.get(view.roomId) ?? view.cursor })
      view.note({ kind: 'resumed', since: view.cursor })
    }
    const rooms = Object.fromEntries([...views.values()].map(({ roomId, cursor }) => [roomId, cursor]))
    line.send({ type: 'resume', rooms, epoch: frame.epoch })
  }

  return observe(parts, { path: () => `/ws/chat/?token=${parts.who.token}`, views, onEstablished: resume })
}

type Way = { path: () => string; views: ReadonlyMap<string, View>; onEstablished: (frame: Established, line: Line) => void }

function observe({ name, who, urls, caller, ledger }: ObserverParts, { path, views, onEstablished }: Way): Observer {
  let connections = 0

  function hear(text: string) {
    const frame = parseShared(text)
    if (frame.type === 'connection_established') {
      connections++
      return onEstablished(frame, line)
    }
    const view = 'room_id' in frame && frame.room_id !== undefined ? views.get(frame.room_id) : undefined
    if (!view) return
    if (frame.type === 'resync') {
      view.note({ kind: 'resync', seq: frame.seq })
      void view.reload(() => loadState(caller, who, view.roomId))
    } else if (frame.type === 'read_receipt') view.receiveReceipt(frame)
    else if (isDurable(frame)) take(view, frame)
  }

  function take(view: View, frame: DurableFrame) {
    const isNew = frame.seq > view.cursor
    view.receive(frame)
    if (isNew && frame.type === 'chat_message' && frame.message.client_id) ledger.arrive(frame.message.client_id)
  }

  const line = openLine({ urls, path, onText: hear })
  const logs = () => [...views.values()].map(({ roomId, seen }) => ({ observer: name, room: roomId, seen: [...seen] }))
  return { name, who, views, line, connections: () => connections, logs }
}

function viewsOf({ states }: ObserverParts): Map<string, View> {
  return new Map(states.map((state) => [state.room.id, new View(state)]))
}

function isDurable(frame: Frame): frame is DurableFrame {
  return 'seq' in frame && frame.type !== 'ack' && frame.type !== 'resync' && frame.type !== 'connection_established'
}

const shared = new Map<string, Frame>()

/** Most frames come to many observers: they are parsed, and kept, once. */
function parseShared(text: string): Frame {
  const known = shared.get(text)
  if (known) return known
  const frame = JSON.parse(text) as Frame
  if (isDurable(frame)) shared.set(text, frame)
  return frame
}
