import { randomUUID } from 'node:crypto'
import { ChatError, invalid, tooManyRequests } from '../schemas/errors.ts'
import { type Command, closeCodes } from '../schemas/socket.ts'
import type { Connection } from './connection.ts'
import { errorFrame, type Incoming, readCommand } from './incoming.ts'
import type { Limits } from './limits.ts'
import type { RelayContext } from './options.ts'
import type { Replayer } from './replayer.ts'
import { createResuming } from './resuming.ts'
import type { Seat } from './seat.ts'
import type { TypingHere } from './typing.ts'

type Said<Type extends Command['type']> = Extract<Command, { type: Type }>
type RoomCommand = Said<'chat_message' | 'typing' | 'read_receipt' | 'mark_room_read'>
type Parts = { limits: Limits; typing: TypingHere; replayer: Replayer }

/** Does what clients ask. Rejects with a ChatError what cannot be done. */
export function createCommands({ backend, log }: RelayContext, { limits, typing, replayer }: Parts) {
  const resume = createResuming(replayer)

  /** The stream to the server keeps the order of arrival, so the sends of one socket into one room do not overtake each other. */
  async function sendMessage(seat: Seat, { message, reply_to, client_id }: Said<'chat_message'>) {
    const { connection, room } = seat
    typing.stop(connection, room.id)
    const { id, seq } = await backend.ask('send', {
      user_id: connection.userId,
      room_id: room.id,
      content: message,
      reply_to: reply_to ?? null,
      client_id: client_id ?? randomUUID(),
    })
    if (client_id) connection.send({ type: 'ack', room_id: room.id, client_id, id, seq })
  }

  function startTyping({ connection, room }: Seat) {
    if (room.archived) throw invalid('room', 'This room is archived')
    typing.start(connection, room.id)
  }

  async function markRoomRead({ connection, room }: Seat) {
    await backend.ask('read_room', { user_id: connection.userId, room_id: room.id, connection_id: connection.id })
    connection.send({ type: 'room_marked_read', room_id: room.id })
  }

  async function refreshToken(connection: Connection, token: string) {
    const identity = await backend.ask('refresh', { token, user_id: connection.userId })
    if (identity.user_id !== connection.userId) throw new ChatError('permission_denied', 'The token is of another user.')
    connection.identity = identity
    connection.send({ type: 'token_refreshed', expires_at: new Date(identity.expires_at).toISOString() })
  }

  async function runInRoom(seat: Seat, command: RoomCommand) {
    const { connection, room } = seat
    switch (command.type) {
      case 'chat_message':
        return sendMessage(seat, command)
      case 'typing':
        return command.is_typing ? startTyping(seat) : typing.stop(connection, room.id)
      case 'mark_room_read':
        return markRoomRead(seat)
      case 'read_receipt': {
        const { message_id } = command
        await backend.ask('read', { user_id: connection.userId, room_id: room.id, message_id, connection_id: connection.id })
      }
    }
  }

  async function run(connection: Connection, command: Command): Promise<void> {
    switch (command.type) {
      case 'ping':
        return connection.send({ type: 'pong' })
      case 'refresh_token':
        return refreshToken(connection, command.token)
      case 'resume':
        return resume(connection, command)
      default:
        return runInRoom(seatFor(connection, command.room_id), command)
    }
  }

  /** Whether it comes too fast; then that is said, and nothing of it is done. */
  function refuseFlood(connection: Connection, incoming: Incoming): boolean {
    const wait = limits.take(connection, 'command' in incoming && incoming.command.type === 'chat_message')
    if (wait === 'too fast') connection.close(closeCodes.tooFast)
    else if (wait > 0) {
      const traces = 'command' in incoming ? tracesOf(connection, incoming.command) : incoming.error
      connection.send(errorFrame(tooManyRequests(wait), traces))
    }
    return wait !== 0
  }

  return async function obey(connection: Connection, text: string): Promise<void> {
    const incoming = readCommand(text)
    if (refuseFlood(connection, incoming)) return
    if ('error' in incoming) return connection.send(incoming.error)
    const { command } = incoming
    try {
      await run(connection, command)
    } catch (err) {
      if (!(err instanceof ChatError)) log.error({ connectionId: connection.id, command: command.type, err }, 'command failed')
      connection.send(errorFrame(err, tracesOf(connection, command)))
    }
  }
}

function seatFor(connection: Connection, roomId = connection.roomId): Seat {
  if (roomId === undefined) throw new ChatError('invalid', { room_id: ['This field is required.'] })
  if (connection.roomId !== undefined && roomId !== connection.roomId) {
    throw new ChatError('invalid', { room_id: ['This socket is of another room.'] })
  }
  const seat = connection.seats.in(roomId)
  if (!seat) throw new ChatError('not_participant', 'You are not a participant in this room.')
  return seat
}

function tracesOf(connection: Connection, command: Command) {
  const client_id = command.type === 'chat_message' ? (command.client_id ?? undefined) : undefined
  const room_id = 'room_id' in command ? (command.room_id ?? connection.roomId) : connection.roomId
  return { client_id, room_id }
}
