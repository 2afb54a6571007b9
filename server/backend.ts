import type { Backend, BackendAnswer, BackendCommand, CommandName } from '../schemas/backend.ts'
import { ChatError } from '../schemas/errors.ts'
import { sendMessage } from './actions/messages.ts'
import { markMessageRead, markRoomRead } from './actions/reads.ts'
import * as sockets from './actions/sockets.ts'
import type { Chat } from './chat.ts'
import { createLookups } from './lookups.ts'
import { isDatabaseAway } from './plugins/errors.ts'

type Answers = { [Name in CommandName]: (chat: sockets.Asked, command: BackendCommand<Name>) => Promise<BackendAnswer<Name>> }

const answers: Answers = {
  authorize: sockets.authorizeSocket,
  refresh: sockets.refreshSocket,
  open: sockets.openRooms,
  changes: sockets.replayChanges,
  reads: sockets.replayReads,
  heads: sockets.readHeads,
  sessions: sockets.checkSessions,
  members: sockets.checkMembers,
  send: async (chat, { user_id, room_id, content, reply_to, client_id }) => {
    const command = { roomId: room_id, content, replyToId: reply_to, clientId: client_id, attachment: null }
    const { id, seq } = await sendMessage(chat, { id: user_id }, command)
    return { id, seq }
  },
  read: async (chat, { user_id, room_id, message_id }) => {
    await markMessageRead(chat, { id: user_id }, message_id, room_id)
    return {}
  },
  read_room: async (chat, { user_id, room_id, connection_id }) => {
    await markRoomRead(chat, { id: user_id }, room_id, connection_id)
    return {}
  },
}

/** Answers the commands of relays: by a function call all in one process, behind the internal stream otherwise, which looks at their shapes. Rejects with a ChatError, whatever went wrong. */
export function createBackend(chat: Chat): Backend {
  const asked: sockets.Asked = { ...chat, lookups: createLookups(chat.db) }
  return {
    ask: async (name, command) => {
      try {
        return await answers[name](asked, command as never)
      } catch (error) {
        throw refusalOf(error, name, chat)
      }
    },
    // All in one process the bus is as quick.
    onText: () => {},
    isUp: () => true,
    close: async () => {},
  }
}

function refusalOf(error: unknown, name: CommandName, chat: Chat): ChatError {
  if (error instanceof ChatError) return error
  if (error instanceof Error && isDatabaseAway(error)) {
    return new ChatError('unavailable', 'The service is not available at the moment. Please try again.', 1)
  }
  chat.log.error({ err: error, command: name }, 'command failed')
  return new ChatError('internal', 'Internal server error')
}
