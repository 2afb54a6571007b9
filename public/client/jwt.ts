import { isRecord } from './errors.ts'

/** What a token says of its own time, unchecked: only the server can check it. Undefined for tokens that are no JWT. */
export function timesOf(token: string): { issued: number | undefined; expires: number } | undefined {
  const claims = claimsOf(token)
  if (typeof claims?.exp !== 'number') return undefined
  return { issued: typeof claims.iat === 'number' ? claims.iat * 1_000 : undefined, expires: claims.exp * 1_000 }
}

/** The bearer's id, unchecked; undefined for tokens that are no JWT. */
export function userIdOf(token: string): number | undefined {
  const id = Number(claimsOf(token)?.user_id)
  return Number.isSafeInteger(id) && id > 0 ? id : undefined
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const [, body = ''] = token.split('.')
    const claims: unknown = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')))
    return isRecord(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

/** Milliseconds from issue to end; 0 when unknown. Counted from when a token comes, it is right on machines whose clock is not. */
export function lifetimeOf(token: string): number {
  const times = timesOf(token)
  return times?.issued === undefined ? 0 : Math.max(0, times.expires - times.issued)
}
