import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ChatError, errorTable } from '../../schemas/errors.ts'
import type { App } from '../app.ts'

/** Gives every refusal the status and the body of the contract. What is no refusal is a bug: logged with its cause, answered as `internal`. */
export function answerErrors(app: App): void {
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply))
  app.setNotFoundHandler((request, reply) => answerError(nowhere(), request, reply))
}

/** Also for what Fastify refuses before it knows a route: an address that cannot be decoded. */
export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply) {
  const refusal = refusalOf(error, request)
  const { status } = errorTable[refusal.code]
  if (refusal.code === 'internal') request.log.error({ err: error }, 'request failed')
  if (refusal.code === 'unavailable') request.log.warn({ reason: error.message }, 'request not possible now')
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="api"')
  if (refusal.retryAfter !== undefined) reply.header('retry-after', Math.ceil(refusal.retryAfter))
  return reply.code(status).serializer(JSON.stringify).type('application/json; charset=utf-8').send(refusal.body)
}

function refusalOf(error: Error, request: FastifyRequest): ChatError {
  if (error instanceof ChatError) return error
  const { code, statusCode } = error as FastifyError
  const refusal = framework[code]?.(error, request)
  if (refusal) return refusal
  if (isDatabaseAway(error)) return new ChatError('unavailable', 'The service is not available at the moment. Please try again.', 1)
  if (statusCode !== undefined && statusCode < 500) return new ChatError(statusCode === 404 ? 'not_found' : 'parse_error', error.message)
  return internal()
}

const tooLarge = () => new ChatError('too_large', 'The request is too large.')
const nowhere = () => new ChatError('not_found', 'Not found.')
const malformed = (error: Error) => new ChatError('parse_error', `JSON parse error - ${error.message}`)

/** Fastify's own errors by their code. */
const framework: Record<string, (error: Error, request: FastifyRequest) => ChatError> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (_error, request) => {
    const type = (request.headers['content-type'] ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 100)
    return new ChatError('unsupported_media_type', `Unsupported media type "${type}" in request.`)
  },
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
  FST_ERR_CTP_INVALID_JSON_BODY: malformed,
  FST_ERR_CTP_EMPTY_JSON_BODY: malformed,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new ChatError('parse_error', 'The request body does not have the length it claims.'),
  FST_ERR_BAD_URL: nowhere,
  FST_ERR_MAX_PARAM_LENGTH: nowhere,
}

/** The database cannot be reached, gave up waiting, or is going down: trying again can help. */
export function isDatabaseAway(error: Error): boolean {
  const code = databaseCodeOf(error)
  return code !== undefined && /^(CONNECT_TIMEOUT|CONNECTION_\w+|ECONN\w+|EPIPE|57P0\d|53\d{3}|08\w{3}|55P03|57014|40P01)$/.test(code)
}

/** The SQLSTATE, or the driver's or the system's word for a connection that was lost; drizzle wraps what it was told. */
export function databaseCodeOf(error: unknown): string | undefined {
  return error instanceof Error ? (codeOf(error.cause) ?? codeOf(error)) : undefined
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

export function internal(): ChatError {
  return new ChatError('internal', {
    success: false,
    error: 'An unexpected server error occurred. Please try again later.',
    detail: 'Internal server error',
  })
}
