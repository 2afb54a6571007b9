import { z } from 'zod'
import { Uuid } from '../../schemas/fields.ts'
import { Receipts } from '../../schemas/messages.ts'
import { Participation } from '../../schemas/participants.ts'
import { Unread } from '../../schemas/rooms.ts'
import { listReceipts, listUnread, markUnreadFrom } from '../actions/reads.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { presentParticipation } from '../presenters/participants.ts'
import { presentReceipts, presentUnread } from '../presenters/reads.ts'

const tags = ['reads']
const MessageId = z.object({ id: Uuid })

export function readRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/unread/',
    { schema: { tags, summary: 'What is unread, in all and by room', response: { 200: Unread } } },
    async (request) => presentUnread(await listUnread(chat, request.actor)),
  )

  app.post(
    '/api/chat/messages/:id/mark_unread/',
    { schema: { tags, summary: 'Unread for me from this message on', params: MessageId, response: { 200: Participation } } },
    async (request) => presentParticipation(await markUnreadFrom(chat, request.actor, request.params.id)),
  )

  app.get(
    '/api/chat/messages/:id/receipts/',
    { schema: { tags, summary: 'Who has read it, and who has not', params: MessageId, response: { 200: Receipts } } },
    async (request) => presentReceipts(await listReceipts(chat, request.actor, request.params.id)),
  )
}
