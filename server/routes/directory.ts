import { PropertyBrief, TaskBrief } from '../../schemas/directory.ts'
import { text } from '../../schemas/fields.ts'
import { PageQuery, page } from '../../schemas/lists.ts'
import { findProperties, findTasks } from '../actions/directory.ts'
import { pageRange } from '../actions/pages.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'

const SearchQuery = PageQuery.extend({ search: text(200).optional() })
const tags = ['directory']

export function directoryRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/tasks/',
    { schema: { tags, summary: 'Tasks a room can be about, by title', querystring: SearchQuery, response: { 200: page(TaskBrief) } } },
    async (request) => {
      const range = pageRange(request.query)
      const { count, found } = await findTasks(chat, request.query.search, range)
      return range.present(found, count, request.absoluteUrl())
    },
  )

  app.get(
    '/api/chat/properties/',
    {
      schema: {
        tags,
        summary: 'Properties a room can be about, by name',
        querystring: SearchQuery,
        response: { 200: page(PropertyBrief) },
      },
    },
    async (request) => {
      const range = pageRange(request.query)
      const { count, found } = await findProperties(chat, request.query.search, range)
      return range.present(found, count, request.absoluteUrl())
    },
  )
}
