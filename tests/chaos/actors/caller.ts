import { pace } from '../parts/pacing.ts'
import type { Somebody } from './people.ts'

/** `status` 0: nobody knows whether it was done. */
export type Answer = { status: number; body: unknown }
type Call = { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; path: string; body?: object }

export type Caller = {
  /** Asks once. */
  once(who: Somebody, call: Call): Promise<Answer>
  /** Asks the servers in turn, until one gives a definite answer. `onAttempt` is told of every attempt. */
  untilDefinite(who: Somebody, call: Call, onAttempt?: () => void): Promise<Answer>
  unknownOutcomes(): number
}

const answerWithin = 4_000
const pauseBetween = 60
/** No fault lasts so long: whoever gets no answer for this time will never get one. */
const patience = 90_000

export function createCaller(urls: readonly string[]): Caller {
  let turn = 0
  let unknown = 0

  async function once({ token }: Somebody, { method, path, body }: Call): Promise<Answer> {
    const url = urls[turn % urls.length]
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(answerWithin),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
    } catch {
      return { status: 0, body: undefined }
    }
  }

  async function untilDefinite(who: Somebody, call: Call, onAttempt = () => {}): Promise<Answer> {
    const start = performance.now()
    for (;;) {
      onAttempt()
      const answer = await once(who, call)
      if (isDefinite(answer.status)) return answer
      if (performance.now() - start > patience)
        throw new Error(`no definite answer to ${call.method} ${call.path}: ${JSON.stringify(answer)}`)
      unknown++
      turn++
      await pace(pauseBetween)
    }
  }

  return { once, untilDefinite, unknownOutcomes: () => unknown }
}

/** The load is spread by giving everybody another first server. */
export function rotated<Item>(items: readonly Item[], by: number): Item[] {
  return items.map((_, place) => items[(place + by) % items.length] as Item)
}

function isDefinite(status: number): boolean {
  return status >= 200 && status < 500 && status !== 408 && status !== 429
}
