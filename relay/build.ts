import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { Backend } from '../schemas/backend.ts'
import { type Bus, controlChannel } from '../schemas/bus.ts'
import { ChatError, errorTable } from '../schemas/errors.ts'
import { closeCodes } from '../schemas/socket.ts'
import { createCommands } from './commands.ts'
import { Connection } from './connection.ts'
import { createControl } from './control.ts'
import { createFlusher } from './flusher.ts'
import { createJoining } from './joining.ts'
import { createLimits } from './limits.ts'
import { createListening } from './listen.ts'
import { defaultOptions, type RelayLog, type RelayOptions } from './options.ts'
import { createReplayer } from './replayer.ts'
import { createRooms } from './rooms.ts'
import type { Seat } from './seat.ts'
import { startSweep } from './sweep.ts'
import { createTyping } from './typing.ts'
import { type Admitted, createUpgrade } from './upgrade.ts'
import { createUsers } from './users.ts'

export type Relay = {
  /** For the `upgrade` event of an http server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Whether a server can be reached, and the relay is not closing. Without the bus it works too, a second behind. */
  ready(): Promise<boolean>
  /** Lets nobody in any more, and closes the sockets with 1012 one after another over the drain time. Safe to call twice. Neither backend nor bus are closed. */
  close(): Promise<void>
}

type RelayParts = { backend: Backend; bus: Bus; log: RelayLog; allowedOrigins: readonly string[]; options?: Partial<RelayOptions> }

/** The relay without a server to listen: it takes the bus for itself. */
export function buildRelay({ backend, bus, log, allowedOrigins, options: chosen }: RelayParts): Relay {
  const options = { ...defaultOptions, ...chosen }
  const context = { backend, bus, log, options }
  const users = createUsers(context)
  const replayer = createReplayer(context)
  const rooms = createRooms(context, { onPutOut: lookAgain, onArchived: (room) => typing.stopAllIn(room) })
  const typing = createTyping(context)
  const joining = createJoining(context, rooms, replayer)
  const limits = createLimits(options)
  const listenTo = createListening(createCommands(context, { limits, typing, replayer }))
  const hearControl = createControl(context, users, joining)
  const sweep = startSweep(context, { rooms, users, limits, typing, replayer, joining })
  const common = { flusher: createFlusher(), options, onDrained: goOn, onClosed: end }
  let closing: Promise<void> | undefined

  bus.onText((channel, text) => (channel === controlChannel ? hearControl(text) : rooms.hear(channel, text)))
  backend.onText(rooms.hear)
  bus.onGap(() => void sweep.compareHeads())
  bus.subscribe(controlChannel).catch(() => log.warn('control channel not subscribed yet'))

  function onAdmitted({ socket, wire, identity, roomIds, roomId, since }: Admitted) {
    const connection = new Connection({ socket, wire, identity, roomId }, common)
    users.add(connection)
    listenTo(connection)
    // What he says before he has his seat waits on the wire.
    socket.pause()
    open(connection, roomIds, since).then(
      () => socket.resume(),
      (err: unknown) => failToOpen(connection, err),
    )
  }

  async function open(connection: Connection, roomIds: readonly string[], since: Admitted['since']) {
    if (connection.roomId !== undefined) return joining.openRoom(connection, connection.roomId, since)
    const membership = await joining.openAll(connection, roomIds)
    users.noteMembership(connection.userId, membership)
  }

  /** Whoever was taken in again before he was put out here was told nothing then: his old seat was still there. */
  function lookAgain({ connection, room }: Seat) {
    if (connection.roomId !== undefined) return
    joining.appear([connection], room.id).catch((err: unknown) => {
      log.debug({ connectionId: connection.id, roomId: room.id, err }, 'room not opened again')
      users.forgetMembership(connection.userId)
    })
  }

  function failToOpen(connection: Connection, err: unknown) {
    log.warn({ connectionId: connection.id, err }, 'connection not opened')
    const refusal = err instanceof ChatError ? errorTable[err.code] : undefined
    connection.close(refusal && 'close' in refusal ? refusal.close : closeCodes.restart)
    connection.socket.resume()
  }

  function goOn(connection: Connection) {
    for (const seat of connection.seats) if (seat.isBehind()) replayer.replay(seat)
  }

  function end(connection: Connection) {
    typing.stopAll(connection)
    limits.forget(connection)
    for (const seat of [...connection.seats]) seat.leave()
    users.remove(connection)
  }

  async function drain() {
    const open = [...users.connections()]
    const pause = options.drainTime / Math.max(1, open.length)
    const start = performance.now()
    for (const [index, connection] of open.entries()) {
      connection.close(closeCodes.restart)
      const early = start + (index + 1) * pause - performance.now()
      if (early > 1 && index < open.length - 1) await wait(early)
    }
    // Those that were still on their way in.
    for (const connection of [...users.connections()]) connection.close(closeCodes.restart)
    sweep.stop()
    bus.unsubscribe(controlChannel)
  }

  return {
    upgrade: createUpgrade(context, { users, allowedOrigins, isClosing: () => closing !== undefined, onAdmitted }),
    ready: async () => closing === undefined && backend.isUp(),
    close: () => (closing ??= drain()),
  }
}
