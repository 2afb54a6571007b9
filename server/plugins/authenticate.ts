import { ChatError } from '../../schemas/errors.ts'
import { authenticate } from '../actions/tokens.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'

/** Gives requests their actor and their links. `publicUrl` is what links begin with where it is configured. */
export function identifyRequests(app: App, chat: Chat, publicUrl: string | undefined): void {
  const publicOrigin = publicUrl?.replace(/\/+$/, '')
  // Set by the hook on every route that reads it: the type says so, and so there is no value to begin with.
  app.decorateRequest('actor')
  app.decorateRequest('origin', function () {
    const origin = publicOrigin ?? `${this.protocol}://${this.host}`
    if (!URL.canParse(origin)) throw new ChatError('parse_error', 'The Host header is not an address.')
    return origin
  })
  app.decorateRequest('absoluteUrl', function () {
    return `${this.origin()}${this.url}`
  })
  app.decorateRequest('viewer', function () {
    const { id } = this.actor
    return { userId: id, attachmentLink: (messageId) => chat.links.link(messageId, id, this.origin()) }
  })
  app.decorate('authenticate', async (request, reply) => {
    reply.header('cache-control', 'private, no-store')
    request.actor = (await authenticate(chat, bearerOf(request.headers.authorization))).actor
  })
}

/** The token of `Authorization: Bearer <token>`. Another scheme is as good as none. */
function bearerOf(header: string | undefined): string {
  const [scheme, token, ...rest] = (header ?? '').trim().split(/\s+/)
  if (scheme?.toLowerCase() !== 'bearer') throw new ChatError('not_authenticated', 'Authentication credentials were not provided.')
  if (token === undefined || rest.length > 0) {
    throw new ChatError('authentication_failed', {
      detail: 'Authorization header must contain two space-delimited values',
      code: 'bad_authorization_header',
    })
  }
  return token
}
