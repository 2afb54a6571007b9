import type { FastifyRequest } from 'fastify'
import { ChatError } from '../../schemas/errors.ts'
import type { Claims } from '../../schemas/tokens.ts'
import { findBearer } from '../actions/tokens.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'

/** Gives requests their actor and their links. `publicUrl` is what links begin with where it is configured. */
export function identifyRequests(app: App, chat: Chat, publicUrl: string | undefined): void {
  const publicOrigin = publicUrl?.replace(/\/+$/, '')
  // Set by the hook on every route that reads it: the type says so, and so there is no value to begin with.
  app.decorateRequest('bearerId')
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

  /** Whoever has no good token is known by his address alone. */
  async function claimsOf(request: FastifyRequest): Promise<Claims> {
    try {
      return chat.tokens.verify(bearerOf(request.headers.authorization), 'access')
    } catch (error) {
      await app.limiters.address(request)
      throw error
    }
  }

  app.decorate('authenticate', async (request, reply) => {
    reply.header('cache-control', 'private, no-store')
    const claims = await claimsOf(request)
    request.bearerId = claims.user_id
    await app.limiters.requests(request)
    request.actor = await findBearer(chat, claims)
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
