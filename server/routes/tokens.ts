import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { RefreshToken, SignedIn, SignIn, TokenPair, VerifyToken } from '../../schemas/tokens.ts'
import { refreshTokens, revokeToken, signIn, verifyToken } from '../actions/tokens.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { SignInLimit } from '../sign-in-limit.ts'

const tags = ['tokens']
/** Of what is asked without an access token. */
const open = { tags, security: [] }
const Good = z.object({})
const Revoked = z.object({ message: z.string() })

export function tokenRoutes(app: App, chat: Chat): void {
  const limit = new SignInLimit()

  app.post(
    '/api/token/',
    { onRequest: keepPrivate, schema: { ...open, summary: 'Sign in', body: SignIn, response: { 200: SignedIn } } },
    async (request) => signIn(chat, limit, request.body, request.ip),
  )

  app.post(
    '/api/token/refresh/',
    {
      onRequest: keepPrivate,
      schema: { ...open, summary: 'Exchange a refresh token for a new pair', body: RefreshToken, response: { 200: TokenPair } },
    },
    async (request) => refreshTokens(chat, request.body.refresh),
  )

  app.post(
    '/api/token/verify/',
    { schema: { ...open, summary: 'Ask whether a token is good', body: VerifyToken, response: { 200: Good } } },
    async (request) => {
      await verifyToken(chat, request.body.token)
      return {}
    },
  )

  app.post(
    '/api/token/revoke/',
    { onRequest: app.authenticate, schema: { tags, summary: 'Sign out', body: RefreshToken, response: { 200: Revoked } } },
    async (request) => {
      await revokeToken(chat, request.actor, request.body.refresh)
      return { message: 'Token revoked successfully' }
    },
  )
}

async function keepPrivate(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'private, no-store')
}
