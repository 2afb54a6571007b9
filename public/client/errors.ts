/**
 * A call that did not succeed. `status` is 0 when no answer came: then `code` is `network`, `timeout` or `aborted`, and whether the server
 * did what was asked is unknown.
 */
export class ApiError extends Error {
  readonly status: number
  /** The server's own code where it gives one, else one by the status, named as in schemas/errors.ts. */
  readonly code: string
  readonly body: unknown
  /** Seconds after which trying again can help. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, body: unknown, retryAfter?: number) {
    super(firstText(body) ?? `The call failed: ${code}.`)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.body = body
    this.retryAfter = retryAfter
  }
}

/** Nobody is signed in, or no longer: only a new sign-in helps. */
export class SignedOutError extends Error {
  constructor() {
    super('Nobody is signed in.')
    this.name = 'SignedOutError'
  }
}

const codesByStatus: Record<number, string> = {
  0: 'network',
  400: 'invalid',
  401: 'not_authenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
}

export function errorOf(status: number, body: unknown, retryAfter: number | undefined): ApiError {
  const own = isRecord(body) && typeof body.code === 'string' ? body.code : undefined
  return new ApiError(status, own ?? codesByStatus[status] ?? (status >= 500 ? 'internal' : 'invalid'), body, retryAfter)
}

/** Whether the same call can succeed later without being changed. */
export function isPassing(error: Pick<ApiError, 'status'>): boolean {
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstText(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined
  for (const value of [body.detail, body.error, ...Object.values(body)]) {
    if (typeof value === 'string') return value
    if (Array.isArray(value) && typeof value[0] === 'string') return value[0]
  }
  return undefined
}
