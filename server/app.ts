import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Actor } from './actor.ts'
import type { Limiters } from './plugins/rate-limit.ts'
import type { Viewer } from './presenters/messages.ts'

/** The HTTP application, with zod for its schemas. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook: lets pass who carries a good access token, and sets `request.actor`. */
    authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void>
    /** Hooks for onRequest, against floods. */
    limiters: Limiters
  }
  interface FastifyRequest {
    /** Whose token it is; set by `authenticate` before it asks the database about him. */
    bearerId: number
    /** Set by `authenticate`; never read before. */
    actor: Actor
    /** The address that the client used, as it is to appear in links: scheme, host and port. */
    origin(): string
    /** The request's own absolute address, for the links of a page. */
    absoluteUrl(): string
    /** For whom messages are presented. */
    viewer(): Viewer
  }
}
