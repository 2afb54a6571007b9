import { text } from '../../schemas/fields.ts'
import { PageQuery, page } from '../../schemas/lists.ts'
import { UserBrief } from '../../schemas/users.ts'
import { findUsers } from '../actions/directory.ts'
import { pageRange } from '../actions/pages.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { presentUser } from '../presenters/users.ts'

const UserQuery = PageQuery.extend({ search: text(200).optional() })

export function userRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/users/',
    {
      schema: {
        tags: ['directory'],
        summary: 'People to talk to: the active users, me left out, by name',
        description: 'Each word of `search` has to be in the name, the username or the e-mail address.',
        querystring: UserQuery,
        response: { 200: page(UserBrief) },
      },
    },
    async (request) => {
      const range = pageRange(request.query)
      const { count, found } = await findUsers(chat, request.actor, request.query.search, range)
      return range.present(found.map(presentUser), count, request.absoluteUrl())
    },
  )
}
