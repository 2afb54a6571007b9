import { z } from 'zod'
import type { ChatError } from './errors.ts'
import { ClientId } from './messages.ts'

/**
 * What a relay asks of a server, and what it is told. It travels over one internal stream, many at a time; all in one
 * process it is a function call. A command whose answer was lost is asked again, of any server: each is safe to repeat.
 */
export interface Backend {
  /** Rejects with a ChatError when refused, and with `unavailable` when no server answers. */
  ask<Name extends CommandName>(name: Name, command: BackendCommand<Name>): Promise<BackendAnswer<Name>>
  /**
   * What a server tells with its answers: texts of rooms in which this relay has sent, as the bus carries them too, only sooner. A hint like the bus:
   * they can be missing, or come twice. One listener.
   */
  onText(listener: (channel: string, text: string) => void): void
  /** Whether a server can be reached now. */
  isUp(): boolean
  close(): Promise<void>
}

const userId = z.int().positive()
const roomId = z.guid()
const connectionId = z.string().max(64)

/** Who is behind a token, until when (milliseconds since 1970), and the rooms asked about that he is in. */
const Identity = z.object({
  user_id: userId,
  username: z.string(),
  expires_at: z.number(),
  session: z.string().nullable(),
  session_version: z.int(),
})
export type Identity = z.infer<typeof Identity>

const OpenRoom = z.object({ room_id: roomId, seq: z.int(), unread_count: z.int() })
export type OpenRoom = z.infer<typeof OpenRoom>

/** Every command by its name: what is asked, what is answered. */
export const backendCommands = {
  /** Before the upgrade: may this token open this room's socket, or (null) the socket of all his rooms? */
  authorize: {
    command: z.object({ token: z.string(), room_id: z.string().nullable() }),
    answer: Identity.extend({ room_ids: z.array(roomId) }),
  },
  /** After the subscription: the heads of those rooms that the user is in now, and which of them are archived. All his rooms when `room_ids` is null. `membership` as in `heads`. */
  open: {
    command: z.object({ user_id: userId, room_ids: z.array(roomId).nullable() }),
    answer: z.object({ epoch: z.int(), rooms: z.array(OpenRoom), archived: z.array(roomId), membership: z.int() }),
  },
  /** A newer token for an open socket of the same user. */
  refresh: {
    command: z.object({ token: z.string(), user_id: userId }),
    answer: Identity,
  },
  /** Stores a message. `client_id` is always there, so that repeating is safe. */
  send: {
    command: z.object({
      user_id: userId,
      room_id: roomId,
      content: z.string(),
      reply_to: roomId.nullable(),
      client_id: ClientId,
    }),
    answer: z.object({ id: roomId, seq: z.int() }),
  },
  /** Moves the reader's pointer to a message. */
  read: {
    command: z.object({ user_id: userId, room_id: roomId, message_id: z.guid(), connection_id: connectionId }),
    answer: z.object({}),
  },
  /** Moves the reader's pointer to the newest message. */
  read_room: {
    command: z.object({ user_id: userId, room_id: roomId, connection_id: connectionId }),
    answer: z.object({}),
  },
  /** The history of a room after `since`, as bus text (encodeEvents), at most `limit` events, in order and without a hole. */
  changes: {
    command: z.object({ room_id: roomId, since: z.int().nonnegative(), limit: z.int().positive().max(1_000) }),
    answer: z.object({ head: z.int(), epoch: z.int(), events: z.string() }),
  },
  /** How far every reader of a room has read: his read_receipt frame as bus text, each with seq 0. */
  reads: {
    command: z.object({ room_id: roomId }),
    answer: z.object({ events: z.string() }),
  },
  /**
   * The heads of rooms and the session versions of users, in the order asked; null for what is gone. `memberships`: for each user a number
   * that is another one after he has joined or left any room.
   */
  heads: {
    command: z.object({ room_ids: z.array(roomId), user_ids: z.array(userId) }),
    answer: z.object({
      epoch: z.int(),
      seqs: z.array(z.int().nullable()),
      versions: z.array(z.int().nullable()),
      memberships: z.array(z.int().nullable()),
    }),
  },
  /** Which of these sessions still stand, in the order asked. */
  sessions: {
    command: z.object({ sessions: z.array(z.object({ user_id: userId, session: z.string().nullable() })) }),
    answer: z.object({ epoch: z.int(), valid: z.array(z.boolean()) }),
  },
  /** Which of these users are in the room, in the order asked, and whether it is archived. */
  members: {
    command: z.object({ room_id: roomId, user_ids: z.array(userId) }),
    answer: z.object({ present: z.array(z.boolean()), archived: z.boolean() }),
  },
} as const

export type CommandName = keyof typeof backendCommands
export type BackendCommand<Name extends CommandName> = z.infer<(typeof backendCommands)[Name]['command']>
export type BackendAnswer<Name extends CommandName> = z.infer<(typeof backendCommands)[Name]['answer']>

/** On the stream, relay to server: a JSON array of these. `number` ties the answer to the command. */
export type StreamCommand = [number: number, name: CommandName, command: unknown]
/** On the stream, server to relay: a JSON array of these. */
export type StreamAnswer = [number: number, refusal: StreamRefusal | null, answer: unknown]
/** A text of the bus, told behind answers. */
export type StreamText = [channel: string, text: string]
export type StreamRefusal = Pick<ChatError, 'code' | 'body' | 'retryAfter'>

/** The subprotocol of relays that understand texts of the bus behind answers. */
export const withTexts = 'answers-and-texts'

/** Before each text. JSON holds no control characters, so neither answers nor texts do. */
const separator = '\u001e'

/** What a server says at once, server to relay: a JSON array of answers and, each behind a separator and its channel in a line, texts. */
export function encodeSaid(answers: readonly StreamAnswer[], texts: readonly StreamText[]): string {
  return JSON.stringify(answers) + texts.map(([channel, text]) => `${separator}${channel}\n${text}`).join('')
}

/** The reverse of encodeSaid. Throws where the answers are no JSON. */
export function decodeSaid(said: string): { answers: StreamAnswer[]; texts: StreamText[] } {
  const [answers = '', ...texts] = said.split(separator)
  return { answers: JSON.parse(answers), texts: texts.map(decodeText) }
}

function decodeText(line: string): StreamText {
  const end = line.indexOf('\n')
  return [line.slice(0, end), line.slice(end + 1)]
}

/** The path of the internal stream; `Authorization: Bearer <RELAY_SECRET>` opens it. */
export const streamPath = '/internal/relay'
