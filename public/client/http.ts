import { type Clock, fullJitter, pause } from './environment.ts'
import { ApiError, errorOf, isPassing } from './errors.ts'
import type { TokenSource } from './tokens.ts'

export type Query = Record<string, string | number | boolean | null | undefined>

export type Call = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Begins with a slash and ends with one. */
  path: string
  query?: Query
  /** FormData goes as it is, anything else as JSON. */
  body?: unknown
  /** Beside the usual ones, in small letters. */
  headers?: Record<string, string>
  /** The browser finishes it though the page is left meanwhile, so that a cookie that comes with the answer is not lost. */
  keepalive?: boolean
  signal?: AbortSignal
  /** Milliseconds until it counts as failed. */
  timeout?: number
  /** Doing it twice is the same as doing it once, so it is tried again by itself. GET always is. */
  repeatable?: boolean
}

/** One request and its answer. Rejects with an ApiError unless the answer is a 2xx. */
export type Transport = <Answer>(call: Call, token?: string) => Promise<Answer>

export type TransportOptions = { baseUrl: string; fetch: typeof globalThis.fetch; clock: Clock; credentials?: 'same-origin' | 'include' }

const answerWithin = 10_000

/** Sends requests as they are: no token of its own, no second try. */
export function createTransport(options: TransportOptions): Transport {
  return async <Answer>(call: Call, token?: string) => {
    const aborter = new AbortController()
    let late = false
    const cancel = options.clock.after(call.timeout ?? answerWithin, () => {
      late = true
      aborter.abort()
    })
    const abort = () => aborter.abort()
    call.signal?.addEventListener('abort', abort)
    if (call.signal?.aborted) abort()
    try {
      const response = await options.fetch(urlOf(options.baseUrl, call), requestOf(call, token, aborter.signal, options.credentials))
      return (await readAnswer(response)) as Answer
    } catch (cause) {
      if (cause instanceof ApiError) throw cause
      throw new ApiError(0, late ? 'timeout' : call.signal?.aborted ? 'aborted' : 'network', undefined)
    } finally {
      cancel()
      call.signal?.removeEventListener('abort', abort)
    }
  }
}

export function urlOf(baseUrl: string, call: Pick<Call, 'path' | 'query'>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined && value !== null) query.set(name, String(value))
  const text = query.toString()
  return `${baseUrl.replace(/\/+$/, '')}${call.path}${text ? `?${text}` : ''}`
}

function requestOf(call: Call, token: string | undefined, signal: AbortSignal, credentials: TransportOptions['credentials']): RequestInit {
  const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
  if (token) headers.authorization = `Bearer ${token}`
  const init: RequestInit = {
    method: call.method,
    headers,
    signal,
    ...(credentials ? { credentials } : {}),
    ...(call.keepalive ? { keepalive: true } : {}),
  }
  if (call.body === undefined) return init
  if (call.body instanceof FormData) return { ...init, body: call.body }
  return { ...init, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(call.body) }
}

async function readAnswer(response: Response): Promise<unknown> {
  return readText(response.status, await response.text(), response.headers.get('retry-after'))
}

/** The answer's value, or the refusal thrown. Shared with the upload, which has no Response. */
export function readText(status: number, text: string, retryAfter: string | null): unknown {
  const body = text === '' ? undefined : parse(text)
  if (status >= 200 && status < 300) return body
  const seconds = retryAfter === null || retryAfter.trim() === '' ? Number.NaN : Number(retryAfter)
  throw errorOf(status, body, Number.isFinite(seconds) ? seconds : undefined)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export type Http = <Answer>(call: Call) => Promise<Answer>

const tries = 3
const longestWait = 10

/** Requests in the user's name: a refused token is renewed once, what may be repeated is tried three times. Rejects with ApiError or SignedOutError. */
export function createHttp(transport: Transport, tokens: TokenSource, clock: Clock, random: () => number): Http {
  const signed = async <Answer>(call: Call) => {
    const token = await tokens.access()
    try {
      return await transport<Answer>(call, token)
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status !== 401) throw cause
      return transport<Answer>(call, await tokens.renew(token))
    }
  }
  return async <Answer>(call: Call) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await signed<Answer>(call)
      } catch (cause) {
        const repeatable = call.method === 'GET' || call.repeatable === true
        if (!repeatable || attempt >= tries || !(cause instanceof ApiError) || !canWait(cause)) throw cause
        await pause(clock, cause.retryAfter === undefined ? fullJitter(random, attempt, 300, 3_000) : cause.retryAfter * 1_000)
      }
    }
  }
}

function canWait(error: ApiError): boolean {
  return isPassing(error) && error.code !== 'aborted' && (error.retryAfter ?? 0) <= longestWait
}
