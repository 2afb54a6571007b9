import { z } from 'zod'
import type { OpenDatabase } from '../../db/open.ts'
import { ChatError } from '../../schemas/errors.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'

const Health = z.object({ status: z.string() })

/** `/healthz`: the process answers. `/readyz`: it can do its work, with a database. */
export function healthRoutes(app: App, chat: Chat, database: OpenDatabase): void {
  app.get('/healthz', { schema: { hide: true, response: { 200: Health } } }, async () => ({ status: 'alive' }))
  app.get('/readyz', { schema: { hide: true, response: { 200: Health } } }, async () => {
    if (!(await database.isUp(2_000))) throw new ChatError('unavailable', 'The database cannot be reached.', 1)
    return { status: chat.bus.isUp() ? 'ready' : 'ready, without the bus' }
  })
  app.get('/api/schema/', { schema: { hide: true } }, async () => app.swagger())
}
