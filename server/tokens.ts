import { randomUUID } from 'node:crypto'
import type { FastifyJWTOptions } from '@fastify/jwt'
import { z } from 'zod'
import type { AccountRow } from '../db/queries/users.ts'
import { ChatError } from '../schemas/errors.ts'
import { text } from '../schemas/fields.ts'
import { Claims } from '../schemas/tokens.ts'
import { createRecent } from './recent.ts'

/** Seconds. */
export const accessLifetime = 30 * 60
export const refreshLifetime = 7 * 24 * 60 * 60

/** Seconds by which the clocks of two token writers may differ. */
const clockDrift = 60
/** Seconds. What claims to be good for longer was not written by this service or its predecessor, and overflows timers. */
const longestLifetime = 366 * 24 * 60 * 60
/** Characters. Ours have about 500; the longest names, spelled as Django escapes them, stay below this. */
const longestToken = 8192
/** Good tokens that are remembered, at most twice as many, and the characters of one. Ours: some 5 MB. */
const tokensRemembered = 5_000
const longestRemembered = 1_000

export type TokenType = Claims['token_type']
type Bearer = Pick<AccountRow, 'id' | 'username' | 'email' | 'role' | 'isSuperuser'>

export type IssuedPair = { access: string; refresh: string; session: string }

export type Tokens = {
  /** A new sign-in, or the next pair of the sign-in `session`. */
  issuePair(bearer: Bearer, session?: string): IssuedPair
  /** Throws `token_not_valid`, with the body that REST demands for an access token, or the short one for the others. Asks no database. */
  verify(token: string, accepted: TokenType | 'any'): Claims
}

/** The part of `app.jwt` that is used. `verify` throws what fast-jwt throws. */
type Jwt = { sign(payload: object): string; verify(token: string): unknown }
type Log = { debug(facts: object, message: string): void }

/** What @fastify/jwt is registered with. The rest of a token is judged by createTokens. */
export function jwtOptions({ signingKey, issuer }: { signingKey: string; issuer?: string | undefined }): FastifyJWTOptions {
  return {
    secret: signingKey,
    sign: { algorithm: 'HS256' },
    verify: {
      algorithms: ['HS256'],
      // An issuer is only compared where the claim is present: it is demanded too.
      requiredClaims: ['exp', ...(issuer === undefined ? [] : ['iss'])],
      ...(issuer === undefined ? {} : { allowedIss: issuer }),
      // Judged below, with some drift; here drift would count for `exp` as well.
      ignoreNotBefore: true,
      cache: false,
    },
  }
}

const SignedClaims = Claims.extend({
  jti: text(255).refine((value) => value !== ''),
  sid: text(64).optional(),
  iat: z.number().optional(),
  nbf: z.number().optional(),
})

type Signed = { claims: Claims; validFrom: number }

export function createTokens(jwt: Jwt, { issuer, log }: { issuer?: string | undefined; log?: Log } = {}): Tokens {
  function issue(type: TokenType, lifetime: number, bearer: Bearer, session: string): string {
    const now = Math.floor(Date.now() / 1000)
    return jwt.sign({
      token_type: type,
      exp: now + lifetime,
      iat: now,
      jti: randomUUID().replaceAll('-', ''),
      user_id: String(bearer.id),
      username: bearer.username,
      email: bearer.email,
      role: bearer.role,
      is_superuser: bearer.isSuperuser,
      sid: session,
      ...(issuer === undefined ? {} : { iss: issuer }),
    })
  }

  const remembered = createRecent<Signed>(tokensRemembered)

  /** What a token says, if it is signed by us. The same token comes with each request of its bearer: its signature is checked once. */
  function readSigned(token: string): Signed | undefined {
    const known = remembered.get(token)
    if (known) return known
    const parsed = SignedClaims.safeParse(jwt.verify(token))
    if (!parsed.success) return undefined
    const { iat, nbf, ...claims } = parsed.data
    const signed = { claims: Object.freeze(claims), validFrom: Math.max(iat ?? 0, nbf ?? 0) }
    if (token.length <= longestRemembered) remembered.set(token, signed)
    return signed
  }

  /** The claims of a token that is good now, or why it is not. */
  function read(token: string): Claims | 'Token is invalid' | 'Token is expired' {
    if (token.length === 0 || token.length > longestToken) return 'Token is invalid'
    try {
      const signed = readSigned(token)
      return signed ? judge(signed) : 'Token is invalid'
    } catch (error) {
      const reason = reasonOf(error)
      log?.debug({ reason }, 'token refused')
      return reason === 'FAST_JWT_EXPIRED' ? 'Token is expired' : 'Token is invalid'
    }
  }

  return {
    issuePair: (bearer, session = randomUUID()) => ({
      access: issue('access', accessLifetime, bearer, session),
      refresh: issue('refresh', refreshLifetime, bearer, session),
      session,
    }),
    verify: (token, accepted) => {
      const refuse = accepted === 'access' ? accessNotValid : tokenNotValid
      const found = read(token)
      if (typeof found === 'string') throw refuse(found)
      if (accepted !== 'any' && found.token_type !== accepted) throw refuse('Token has wrong type')
      return found
    },
  }
}

/** A refused token that was given in a body. */
export function tokenNotValid(message: string): ChatError {
  return new ChatError('token_not_valid', { detail: message, code: 'token_not_valid' })
}

/** A refused access token that a request was to be allowed by. */
export function accessNotValid(message: string): ChatError {
  return new ChatError('token_not_valid', {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  })
}

/** Each time anew: what was good may have expired since. */
function judge({ claims, validFrom }: Signed): Claims | 'Token is invalid' | 'Token is expired' {
  const now = Date.now() / 1000
  // fast-jwt still takes a token in the very moment in which it expires.
  if (claims.exp <= now) return 'Token is expired'
  if (claims.exp > now + longestLifetime) return 'Token is invalid'
  if (validFrom > now + clockDrift) return 'Token is invalid'
  return claims
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : 'unknown'
}
