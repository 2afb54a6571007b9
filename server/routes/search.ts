import { text, Uuid } from '../../schemas/fields.ts'
import { PageQuery, page } from '../../schemas/lists.ts'
import { FoundMessage } from '../../schemas/search.ts'
import { pageRange } from '../actions/pages.ts'
import { searchMessages } from '../actions/search.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { presentMessage } from '../presenters/messages.ts'

const SearchQuery = PageQuery.extend({ q: text(10_240).optional(), room: Uuid.optional() })

export function searchRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/messages/search/',
    {
      schema: {
        tags: ['messages'],
        summary: 'Search my rooms, newest first',
        description:
          'Words in any form, `"phrases"`, `-without`, `or`; or a piece of text as it stands. Accents and letter case do not count.',
        querystring: SearchQuery,
        response: { 200: page(FoundMessage) },
      },
    },
    async (request) => {
      const range = pageRange(request.query)
      const { count, found, reads } = await searchMessages(chat, request.actor, { q: request.query.q, roomId: request.query.room }, range)
      const viewer = request.viewer()
      const results = found.map(({ message, highlights }) => ({ ...presentMessage(message, reads, viewer), highlights }))
      return range.present(results, count, request.absoluteUrl())
    },
  )
}
