import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AccessToken, RefreshTokenOrCookie, SignedIn, SignedInByCookie, SignIn, TokenPair, VerifyToken } from '../../schemas/tokens.ts'
import { refreshTokens, revokeToken, signIn, verifyToken } from '../actions/tokens.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { forgetRefresh, keepRefresh, refreshOf } from '../refresh-cookie.ts'
import { SignInLimit } from '../sign-in-limit.ts'

const tags = ['tokens']
/** Of what is asked without an access token. */
const open = { tags, security: [] }
const description =
  'With `X-Token-Cookie: 1` the refresh token travels in a cookie that scripts cannot read: it is left out of bodies, and need not be sent in them.'
const Good = z.object({})
const Revoked = z.object({ message: z.string() })

export function tokenRoutes(app: App, chat: Chat): void {
  const limit = new SignInLimit()

  app.post(
    '/api/token/',
    {
      onRequest: keepPrivate,
      schema: { ...open, summary: 'Sign in', description, body: SignIn, response: { 200: z.union([SignedIn, SignedInByCookie]) } },
    },
    async (request, reply) => keepRefresh(request, reply, await signIn(chat, limit, request.body, request.ip)),
  )

  app.post(
    '/api/token/refresh/',
    {
      onRequest: keepPrivate,
      schema: {
        ...{ ...open, summary: 'Exchange a refresh token for a new pair', description },
        ...{ body: RefreshTokenOrCookie, response: { 200: z.union([TokenPair, AccessToken]) } },
      },
    },
    async (request, reply) => keepRefresh(request, reply, await refreshTokens(chat, refreshOf(request, request.body.refresh))),
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
    {
      onRequest: app.authenticate,
      schema: { tags, summary: 'Sign out', description, body: RefreshTokenOrCookie, response: { 200: Revoked } },
    },
    async (request, reply) => {
      await revokeToken(chat, request.actor, refreshOf(request, request.body.refresh))
      forgetRefresh(request, reply)
      return { message: 'Token revoked successfully' }
    },
  )
}

async function keepPrivate(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'private, no-store')
}
