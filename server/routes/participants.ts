import { z } from 'zod'
import { Bool, Integer, Uuid } from '../../schemas/fields.ts'
import { PageQuery, page } from '../../schemas/lists.ts'
import { AddParticipant, MuteParticipant, Participant, UpdateParticipant } from '../../schemas/participants.ts'
import { pageRange } from '../actions/pages.ts'
import * as participants from '../actions/participants.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { presentParticipant } from '../presenters/participants.ts'

const tags = ['participants']
const ParticipantId = z.object({
  id: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.int().max(2_147_483_647)),
})
const ParticipantQuery = PageQuery.extend({ room: Uuid.optional(), user: Integer.optional(), is_admin: Bool.optional() })

export function participantRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/participants/',
    { schema: { tags, summary: 'Who is in my rooms', querystring: ParticipantQuery, response: { 200: page(Participant) } } },
    async (request) => {
      const { room: roomId, user: userId, is_admin: isAdmin } = request.query
      const range = pageRange(request.query)
      const list = await participants.listParticipants(chat, request.actor, { roomId, userId, isAdmin }, range)
      return range.present(list.participants.map(presentParticipant), list.count, request.absoluteUrl())
    },
  )

  app.post(
    '/api/chat/participants/',
    { schema: { tags, summary: 'Take somebody in', body: AddParticipant, response: { 201: Participant } } },
    async (request, reply) => {
      const participant = await participants.addParticipant(chat, request.actor, request.body)
      return reply.code(201).send(presentParticipant(participant))
    },
  )

  app.get(
    '/api/chat/participants/:id/',
    { schema: { tags, summary: 'One participant', params: ParticipantId, response: { 200: Participant } } },
    async (request) => presentParticipant(await participants.getParticipant(chat, request.actor, request.params.id)),
  )

  app.patch(
    '/api/chat/participants/:id/',
    {
      schema: {
        tags,
        summary: 'Make an admin, or no longer',
        params: ParticipantId,
        body: UpdateParticipant,
        response: { 200: Participant },
      },
    },
    async (request) => {
      const { id } = request.params
      return presentParticipant(await participants.updateParticipant(chat, request.actor, id, request.body.is_admin))
    },
  )

  app.delete(
    '/api/chat/participants/:id/',
    { schema: { tags, summary: 'Remove', params: ParticipantId, response: { 204: z.undefined() } } },
    async (request, reply) => {
      await participants.removeParticipant(chat, request.actor, request.params.id)
      return reply.code(204).send()
    },
  )

  app.post(
    '/api/chat/participants/:id/mute/',
    { schema: { tags, summary: 'Mute or unmute oneself', params: ParticipantId, body: MuteParticipant, response: { 200: Participant } } },
    async (request) => presentParticipant(await participants.muteParticipant(chat, request.actor, request.params.id, request.body)),
  )
}
