/** Every way a request or a command can be refused: the HTTP status, the close code where the socket cannot stay, whether trying again can help. */
export const errorTable = {
  invalid: { status: 400, retry: false },
  parse_error: { status: 400, retry: false },
  not_authenticated: { status: 401, close: 4401, retry: false },
  authentication_failed: { status: 401, close: 4401, retry: false },
  token_not_valid: { status: 401, close: 4401, retry: false },
  user_not_found: { status: 401, close: 4401, retry: false },
  user_inactive: { status: 401, close: 4401, retry: false },
  permission_denied: { status: 403, retry: false },
  not_participant: { status: 403, close: 4403, retry: false },
  not_found: { status: 404, retry: false },
  method_not_allowed: { status: 405, retry: false },
  not_acceptable_range: { status: 416, retry: false },
  conflict: { status: 409, retry: false },
  too_large: { status: 413, retry: false },
  unsupported_media_type: { status: 415, retry: false },
  too_many_requests: { status: 429, close: 4429, retry: true },
  unavailable: { status: 503, retry: true },
  internal: { status: 500, retry: true },
} as const satisfies Record<string, { status: number; close?: number; retry: boolean }>

export type ErrorCode = keyof typeof errorTable

/** The body the contract demands: `detail`, or texts by field, or `error`. */
export type ErrorBody = Record<string, unknown>

/** A refusal, thrown where it is known. REST answers `body` with the code's status, the relay sends `message` as an error frame. */
export class ChatError extends Error {
  readonly code: ErrorCode
  readonly body: ErrorBody
  /** Seconds after which trying again can help. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, body: ErrorBody | string, retryAfter?: number) {
    const whole = typeof body === 'string' ? { detail: body } : body
    super(firstText(whole))
    this.name = 'ChatError'
    this.code = code
    this.body = whole
    this.retryAfter = retryAfter
  }
}

/** One refused field. */
export function invalid(field: string, message: string): ChatError {
  return new ChatError('invalid', { [field]: [message] })
}

export function roomNotFound(): ChatError {
  return new ChatError('not_found', 'No ChatRoom matches the given query.')
}

export function messageNotFound(): ChatError {
  return new ChatError('not_found', 'No ChatMessage matches the given query.')
}

export function participantNotFound(): ChatError {
  return new ChatError('not_found', 'No ChatParticipant matches the given query.')
}

export function permissionDenied(): ChatError {
  return new ChatError('permission_denied', 'You do not have permission to perform this action.')
}

/** Refused because of how often: not before so many seconds. */
export function tooManyRequests(seconds: number): ChatError {
  const unit = seconds === 1 ? 'second' : 'seconds'
  return new ChatError('too_many_requests', `Request was throttled. Expected available in ${seconds} ${unit}.`, seconds)
}

function firstText(body: ErrorBody): string {
  for (const value of [body.detail, body.error, ...Object.values(body)]) {
    if (typeof value === 'string') return value
    if (Array.isArray(value) && typeof value[0] === 'string') return value[0]
  }
  return 'The request was refused.'
}
