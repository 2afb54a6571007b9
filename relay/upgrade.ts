import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Identity } from '../schemas/backend.ts'
import { ChatError } from '../schemas/errors.ts'
import { largestFrame } from '../schemas/socket.ts'
import { type Address, readAddress, requireOrigin } from './address.ts'
import { ClientSocket } from './client-socket.ts'
import type { RelayContext } from './options.ts'
import { refuseUpgrade } from './refuse.ts'
import type { Users } from './users.ts'

/** A socket that may be. */
export type Admitted = { socket: ClientSocket; wire: Duplex; identity: Identity; roomIds: string[] } & Pick<Address, 'roomId' | 'since'>

type UpgradeParts = {
  users: Users
  allowedOrigins: readonly string[]
  isClosing: () => boolean
  onAdmitted: (admitted: Admitted) => void
}

/** Lets sockets in, or refuses them with an answer in HTTP. Nothing of the address is logged: there is a token in it. */
export function createUpgrade({ backend, log, options }: RelayContext, parts: UpgradeParts) {
  const { closeTimeout } = options
  const limits = { maxPayload: largestFrame, perMessageDeflate: false, clientTracking: false, autoPong: false, closeTimeout }
  const server = new WebSocketServer({ noServer: true, WebSocket: ClientSocket, ...limits })

  async function admit(request: IncomingMessage, wire: Duplex, head: Buffer) {
    if (parts.isClosing()) throw new ChatError('unavailable', 'The service is restarting.', 1)
    const { roomId, token, since } = readAddress(request)
    requireOrigin(request, parts.allowedOrigins)
    const answer = await backend.ask('authorize', { token, room_id: roomId ?? null })
    const { room_ids: roomIds, user_id, username, expires_at, session, session_version } = answer
    const identity = { user_id, username, expires_at, session, session_version }
    if (roomId !== undefined && !roomIds.includes(roomId))
      throw new ChatError('permission_denied', 'You are not a participant in this room.')
    if (wire.destroyed) return
    const endReservation = parts.users.reserve(identity.user_id)
    if (!endReservation) throw new ChatError('too_many_requests', 'You have too many open connections.')
    try {
      server.handleUpgrade(request, wire, head, (socket) => {
        wire.off('error', ignore)
        parts.onAdmitted({ socket, wire, identity, roomIds, roomId, since })
      })
    } finally {
      endReservation()
    }
  }

  return function upgrade(request: IncomingMessage, wire: Duplex, head: Buffer): void {
    // Whoever goes away while the server is asked must not end the process.
    wire.on('error', ignore)
    admit(request, wire, head).catch((error: unknown) => {
      if (!(error instanceof ChatError)) log.error({ err: error }, 'upgrade failed')
      refuseUpgrade(wire, error)
    })
  }
}

function ignore() {}
