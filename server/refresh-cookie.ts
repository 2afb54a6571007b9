import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalid } from '../schemas/errors.ts'
import { fieldMessages } from '../schemas/fields.ts'
import { refreshLifetime } from './tokens.ts'

const name = 'aristay_refresh'

/**
 * The refresh token in a cookie that only the token paths get and no script can read. Another site cannot use it: SameSite=Strict keeps the cookie at
 * home, and the header that asks for it cannot be sent across origins without a CORS permission, which nobody has.
 */
function optionsFor(request: FastifyRequest): CookieSerializeOptions {
  return { path: '/api/token/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' }
}

/** The same answer, its refresh token moved into the cookie where the client asked for that. */
export function keepRefresh<Answer extends { refresh: string }>(request: FastifyRequest, reply: FastifyReply, answer: Answer) {
  if (!asksForCookie(request)) return answer
  const { refresh, ...rest } = answer
  reply.setCookie(name, refresh, { ...optionsFor(request), maxAge: refreshLifetime })
  return rest
}

export function forgetRefresh(request: FastifyRequest, reply: FastifyReply): void {
  if (asksForCookie(request)) reply.clearCookie(name, optionsFor(request))
}

/** The token of the body, or of the cookie where the client asks for that. Throws `invalid` when there is none. */
export function refreshOf(request: FastifyRequest, given: string | undefined): string {
  const refresh = given ?? (asksForCookie(request) ? request.cookies[name] : undefined)
  if (refresh === undefined) throw invalid('refresh', fieldMessages.required)
  return refresh
}

function asksForCookie({ headers }: FastifyRequest): boolean {
  return headers['x-token-cookie'] === '1'
}
