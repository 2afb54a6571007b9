import { z } from 'zod'
import { fieldMessages, orNothing, Time, text, Uuid } from './fields.ts'
import { ClientId, MessageType, Quote } from './messages.ts'
import { Participant, Participation } from './participants.ts'
import { RoomType } from './rooms.ts'

/** Close codes of a socket, beside those of the protocol itself. */
export const closeCodes = {
  restart: 1012,
  unsupported: 1003,
  internal: 1011,
  token: 4401,
  notParticipant: 4403,
  roomGone: 4404,
  tooSlow: 4408,
  tooFast: 4429,
} as const

/** Bytes of a frame from a client at most. */
export const largestFrame = 64 * 1024

/** Events a resume replays at most; further behind, the client reloads by REST. */
export const furthestResume = 5_000

/** `room_id` is needed only on the socket that carries all rooms. */
const inRoom = { room_id: Uuid.optional() }

const ChatMessageCommand = z.object({
  type: z.literal('chat_message'),
  message: z.string({ error: fieldMessages.string }),
  reply_to: orNothing(Uuid),
  client_id: ClientId.nullish(),
  ...inRoom,
})
const TypingCommand = z.object({ type: z.literal('typing'), is_typing: z.boolean({ error: fieldMessages.boolean }), ...inRoom })
const ReadReceiptCommand = z.object({ type: z.literal('read_receipt'), message_id: Uuid, ...inRoom })
const MarkRoomReadCommand = z.object({ type: z.literal('mark_room_read'), ...inRoom })
const ResumeCommand = z.object({ type: z.literal('resume'), rooms: z.record(Uuid, z.int().nonnegative()), epoch: z.int().optional() })
const RefreshTokenCommand = z.object({ type: z.literal('refresh_token'), token: text(65_536) })
/** For clients that cannot see the protocol's own pings: answered by `pong`. */
const PingCommand = z.object({ type: z.literal('ping') })

/** What a client may send. */
export const Command = z.discriminatedUnion('type', [
  ChatMessageCommand,
  TypingCommand,
  ReadReceiptCommand,
  MarkRoomReadCommand,
  ResumeCommand,
  RefreshTokenCommand,
  PingCommand,
])
export type Command = z.infer<typeof Command>

/** A message inside a frame: the same for every reader, so without his read state and without a link to the file (fetch `GET messages/{id}/` for one's own). */
export const FrameMessage = z.object({
  id: Uuid,
  room_id: Uuid,
  seq: z.int(),
  client_id: z.string().nullable(),
  sender: z.object({ id: z.int(), username: z.string(), full_name: z.string() }).nullable(),
  content: z.string(),
  message_type: MessageType,
  attachment_name: z.string().nullable(),
  attachment_size: z.int().nullable(),
  reply_to_id: Uuid.nullable(),
  reply_to: Quote.nullable(),
  created_at: Time,
  is_edited: z.boolean(),
  edited_at: Time.nullable(),
  is_deleted: z.boolean(),
})
export type FrameMessage = z.infer<typeof FrameMessage>

const durable = { room_id: Uuid, seq: z.int().positive() }

export const ChatMessageFrame = z.object({ type: z.literal('chat_message'), ...durable, message: FrameMessage })
export const MessageUpdatedFrame = z.object({ type: z.literal('message_updated'), ...durable, message: FrameMessage })
export const MessageDeletedFrame = z.object({ type: z.literal('message_deleted'), ...durable, message_id: Uuid, deleted_at: Time })
export const RoomUpdatedFrame = z.object({
  type: z.literal('room_updated'),
  ...durable,
  room: z.object({
    id: Uuid,
    name: z.string(),
    room_type: RoomType,
    is_active: z.boolean(),
    archived_at: Time.nullable(),
    is_deleted: z.boolean(),
    modified_at: Time,
  }),
})
/** `participant.last_read_at`, `unread_count` and the mute are his own affair: here they are null, 0 and false. */
export const ParticipantAddedFrame = z.object({ type: z.literal('participant_added'), ...durable, participant: Participant })
export const ParticipantUpdatedFrame = z.object({ type: z.literal('participant_updated'), ...durable, participant: Participant })
export const ParticipantRemovedFrame = z.object({
  type: z.literal('participant_removed'),
  ...durable,
  participant_id: z.int(),
  user_id: z.int(),
})

/** What changes a room for good, in the order of `seq`. */
export const DurableFrame = z.discriminatedUnion('type', [
  ChatMessageFrame,
  MessageUpdatedFrame,
  MessageDeletedFrame,
  RoomUpdatedFrame,
  ParticipantAddedFrame,
  ParticipantUpdatedFrame,
  ParticipantRemovedFrame,
])
export type DurableFrame = z.infer<typeof DurableFrame>

/** A part of a room's history by REST: the frames after `since`, oldest first; `complete` when they reach the head. */
export const Changes = z.object({ head: z.int(), epoch: z.int(), events: z.array(DurableFrame), complete: z.boolean() })
export type Changes = z.infer<typeof Changes>

export const TypingFrame = z.object({
  type: z.literal('typing'),
  room_id: Uuid,
  user_id: z.int(),
  username: z.string(),
  is_typing: z.boolean(),
})
/** `read_seq` is how far the reader has read: every message up to it. */
export const ReadReceiptFrame = z.object({
  type: z.literal('read_receipt'),
  room_id: Uuid,
  message_id: Uuid,
  user_id: z.int(),
  read_at: Time,
  read_seq: z.int(),
})
export type ReadReceiptFrame = z.infer<typeof ReadReceiptFrame>

/** To the sockets of one user: what is his own affair in a room, changed on one of his devices. */
export const ParticipationFrame = z.object({ type: z.literal('participation'), ...Participation.shape })
export type ParticipationFrame = z.infer<typeof ParticipationFrame>

/** First on a socket of one room. `seq` is where the live frames begin: the next one has `seq + 1`, or `since + 1` after a resume. */
const RoomEstablishedFrame = z.object({
  type: z.literal('connection_established'),
  room_id: Uuid,
  unread_count: z.int(),
  user_id: z.int(),
  username: z.string(),
  seq: z.int(),
  epoch: z.int(),
})
/** First on the socket of all rooms. */
const AllRoomsEstablishedFrame = z.object({
  type: z.literal('connection_established'),
  user_id: z.int(),
  username: z.string(),
  epoch: z.int(),
  rooms: z.array(z.object({ room_id: Uuid, seq: z.int(), unread_count: z.int() })),
})
/** On the socket of all rooms: the user has come into this room. Its frames follow, from `seq + 1` on. */
const RoomAppearedFrame = z.object({
  type: z.literal('room_appeared'),
  room_id: Uuid,
  seq: z.int(),
  unread_count: z.int(),
  epoch: z.int(),
})
export const RoomMarkedReadFrame = z.object({ type: z.literal('room_marked_read'), room_id: Uuid })
/** The history since the client's `seq` cannot be replayed: reload the room by REST and go on from `seq`. */
export const ResyncFrame = z.object({ type: z.literal('resync'), room_id: Uuid, seq: z.int(), epoch: z.int() })
/** The answer to a chat_message that carried a `client_id`: stored, and will come (or came) as a frame with this `seq`. */
export const AckFrame = z.object({ type: z.literal('ack'), room_id: Uuid, client_id: z.string(), id: Uuid, seq: z.int() })
export const TokenRefreshedFrame = z.object({ type: z.literal('token_refreshed'), expires_at: Time })
const PongFrame = z.object({ type: z.literal('pong') })
/** To the one socket whose command could not be done; nothing has changed. `retry_after` is in seconds. */
export const ErrorFrame = z.object({
  type: z.literal('error'),
  message: z.string(),
  code: z.string(),
  room_id: Uuid.optional(),
  client_id: z.string().optional(),
  retry_after: z.number().optional(),
})
export type ErrorFrame = z.infer<typeof ErrorFrame>

/** Everything a client can receive. */
export const Frame = z.union([
  DurableFrame,
  TypingFrame,
  ReadReceiptFrame,
  ParticipationFrame,
  RoomEstablishedFrame,
  AllRoomsEstablishedFrame,
  RoomAppearedFrame,
  RoomMarkedReadFrame,
  ResyncFrame,
  AckFrame,
  TokenRefreshedFrame,
  PongFrame,
  ErrorFrame,
])
export type Frame = z.infer<typeof Frame>
