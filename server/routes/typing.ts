import { z } from 'zod'
import { Uuid } from '../../schemas/fields.ts'
import { Typing } from '../../schemas/typing.ts'
import { listTyping } from '../actions/typing.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'

const TypingQuery = z.object({ room: Uuid.optional() })

export function typingRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/typing/',
    { schema: { tags: ['typing'], summary: 'Who is typing', querystring: TypingQuery, response: { 200: z.array(Typing) } } },
    async (request) => (request.query.room ? listTyping(chat, request.actor, request.query.room) : []),
  )
}
