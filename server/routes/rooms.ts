import { z } from 'zod'
import { Bool, text, Uuid } from '../../schemas/fields.ts'
import { Done, PageQuery, page } from '../../schemas/lists.ts'
import { CreateRoom, Room, RoomListItem, RoomStats, RoomType, UpdateRoom } from '../../schemas/rooms.ts'
import { Changes, type DurableFrame } from '../../schemas/socket.ts'
import { pageRange } from '../actions/pages.ts'
import { markRoomRead } from '../actions/reads.ts'
import * as rooms from '../actions/rooms.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { frameOf } from '../presenters/frames.ts'
import { presentMessage, type Viewer } from '../presenters/messages.ts'
import { presentRoom, presentRoomListItem } from '../presenters/rooms.ts'
import { presentTimeOrNull } from '../presenters/times.ts'

const tags = ['rooms']
const RoomId = z.object({ id: Uuid })
const RoomQuery = PageQuery.extend({
  room_type: RoomType.optional(),
  is_active: Bool.optional(),
  include_archived: Bool.optional(),
  search: text(10_240).optional(),
  ordering: z.string().optional(),
})
const number = (usual: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform((digits) => Math.min(Number(digits), most))
    .default(usual)
const ChangesQuery = z.object({ since: number(0, Number.MAX_SAFE_INTEGER), limit: number(100, 500) })
const RoomOrder = z.enum(['modified_at', '-modified_at', 'created_at', '-created_at']).catch('-modified_at')

export function roomRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/rooms/',
    { schema: { tags, summary: 'My rooms, newest activity first', querystring: RoomQuery, response: { 200: page(RoomListItem) } } },
    async (request) => {
      const { room_type: roomType, is_active: isActive, include_archived, search, ordering } = request.query
      const range = pageRange(request.query)
      const filter = { roomType, search, isActive: isActive ?? (include_archived ? undefined : true) }
      const list = await rooms.listRooms(chat, request.actor, filter, RoomOrder.parse(ordering), range)
      return range.present(list.rooms.map(presentRoomListItem), list.count, request.absoluteUrl())
    },
  )

  app.post(
    '/api/chat/rooms/',
    { schema: { tags, summary: 'Open a room', body: CreateRoom, response: { 201: Room } } },
    async (request, reply) => {
      const room = await rooms.createRoom(chat, request.actor, request.body)
      return reply.code(201).send(present(room, request.viewer()))
    },
  )

  app.get('/api/chat/rooms/:id/', { schema: { tags, summary: 'One room', params: RoomId, response: { 200: Room } } }, async (request) =>
    present(await rooms.getRoom(chat, request.actor, request.params.id), request.viewer()),
  )

  for (const method of ['PATCH', 'PUT'] as const) {
    app.route({
      method,
      url: '/api/chat/rooms/:id/',
      schema: { tags, summary: 'Rename, archive or restore', params: RoomId, body: UpdateRoom, response: { 200: Room } },
      handler: async (request) => present(await rooms.updateRoom(chat, request.actor, request.params.id, request.body), request.viewer()),
    })
  }

  app.delete(
    '/api/chat/rooms/:id/',
    { schema: { tags, summary: 'Delete for good', params: RoomId, response: { 204: z.undefined() } } },
    async (request, reply) => {
      await rooms.deleteRoom(chat, request.actor, request.params.id)
      return reply.code(204).send()
    },
  )

  for (const [verb, archived] of [
    ['archive', true],
    ['unarchive', false],
  ] as const) {
    app.post(
      `/api/chat/rooms/:id/${verb}/`,
      {
        schema: { tags, summary: archived ? 'Archive: still read, no longer written' : 'Restore', params: RoomId, response: { 200: Room } },
      },
      async (request) => present(await rooms.setArchived(chat, request.actor, request.params.id, archived), request.viewer()),
    )
  }

  app.post(
    '/api/chat/rooms/:id/leave/',
    { schema: { tags, summary: 'Leave', params: RoomId, response: { 200: Done } } },
    async (request) => {
      await rooms.leaveRoom(chat, request.actor, request.params.id)
      return { message: 'Successfully left the room' }
    },
  )

  app.post(
    '/api/chat/rooms/:id/mark_read/',
    { schema: { tags, summary: 'Read everything', params: RoomId, response: { 200: Done } } },
    async (request) => {
      await markRoomRead(chat, request.actor, request.params.id)
      return { message: 'Room marked as read' }
    },
  )

  app.get(
    '/api/chat/rooms/:id/changes/',
    { schema: { tags, summary: 'What has changed since', params: RoomId, querystring: ChangesQuery, response: { 200: Changes } } },
    async (request) => {
      const { since, limit } = request.query
      const { id } = request.params
      const { head, epoch, changes } = await rooms.listRoomChanges(chat, request.actor, id, since, limit)
      const events = changes.map((change) => frameOf(id, change) as DurableFrame)
      return { head, epoch, events, complete: since + events.length >= head }
    },
  )

  app.get(
    '/api/chat/rooms/:id/stats/',
    { schema: { tags, summary: 'Counts', params: RoomId, response: { 200: RoomStats } } },
    async (request) => {
      const room = await rooms.getRoomOfActor(chat, request.actor, request.params.id)
      return {
        message_count: room.messageCount,
        participant_count: room.participantCount,
        unread_count: room.unreadCount,
        last_message_at: presentTimeOrNull(room.lastMessage?.createdAt ?? null),
      }
    },
  )
}

function present({ room, participants, lastMessage }: rooms.WholeRoom, viewer: Viewer) {
  return presentRoom(room, participants, lastMessage ? presentMessage(lastMessage.message, lastMessage.reads, viewer) : null)
}
