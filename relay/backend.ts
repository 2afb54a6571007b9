import {
  type Backend,
  type BackendAnswer,
  type BackendCommand,
  type CommandName,
  decodeSaid,
  type StreamCommand,
  type StreamRefusal,
} from '../schemas/backend.ts'
import { ChatError } from '../schemas/errors.ts'
import { createStreams } from './backend-stream.ts'
import type { RelayLog } from './options.ts'

type BackendParts = {
  /** One or more servers, ws:// or http://. */
  urls: readonly string[]
  secret: string
  log: RelayLog
  options?: Partial<BackendOptions>
}

/** Times in milliseconds. */
export type BackendOptions = typeof defaultBackendOptions

export const defaultBackendOptions = {
  /** A command without an answer for so long is given up. */
  answerWithin: 10_000,
  /** Commands that wait for an answer at most. */
  waitingLimit: 10_000,
  /** A server is asked for a sign of life this often, and is left when none came for `silentFor`. */
  pingEvery: 750,
  silentFor: 2_500,
  connectWithin: 1_500,
  /** Of commands that come with new sockets one text is sent at once, and the next after so long. */
  arrivalPause: 4,
  shortestPause: 50,
  longestPause: 2_000,
}

type Waiting = { command: StreamCommand; due: number; resolve: (answer: never) => void; reject: (error: ChatError) => void }

/** Commands in one text at most. */
const commandsAtOnce = 1_000

/** Come with every new socket. When thousands come back, a text for each command is a fifth of what the relay does. */
const ofArrivals: ReadonlySet<CommandName> = new Set<CommandName>(['authorize', 'open', 'reads'])

/**
 * The servers, through one stream to one of them at a time; when it breaks or falls silent, to the next. What was not answered then is asked
 * again there, in the order in which it was asked first. Commands of one tick travel together, and with them those of new sockets that wait for each other.
 */
export function openBackend({ urls, secret, log, options: chosen }: BackendParts): Backend {
  const options = { ...defaultBackendOptions, ...chosen }
  const waiting = new Map<number, Waiting>()
  let unsent: StreamCommand[] = []
  let lastNumber = 0
  let scheduled = false
  let flushedAt = Number.NEGATIVE_INFINITY
  let lingering: NodeJS.Timeout | undefined
  let onText: (channel: string, text: string) => void = () => undefined
  let closed = false

  const streams = createStreams({ urls, secret, log, options }, { onOpen: askAgain, onText: hear })

  function askAgain() {
    unsent = [...waiting.values()].map(({ command }) => command)
    flush()
  }

  function flush() {
    scheduled = false
    clearTimeout(lingering)
    lingering = undefined
    if (!streams.isUp()) return
    const commands = unsent
    unsent = []
    if (commands.length > 0) flushedAt = performance.now()
    for (let start = 0; start < commands.length; start += commandsAtOnce) {
      streams.send(JSON.stringify(commands.slice(start, start + commandsAtOnce)))
    }
  }

  function schedule(name: CommandName) {
    if (scheduled || !streams.isUp()) return
    const early = ofArrivals.has(name) ? flushedAt + options.arrivalPause - performance.now() : 0
    if (early > 0) {
      lingering ??= setTimeout(flush, early)
      return
    }
    scheduled = true
    setImmediate(flush)
  }

  function hear(text: string) {
    const { answers, texts } = decodeSaid(text)
    // Before the answers: who is told that his message is stored has it in the same write.
    for (const [channel, text] of texts) tell(channel, text)
    for (const [number, refusal, answer] of answers) {
      const asked = waiting.get(number)
      if (!asked) continue
      waiting.delete(number)
      if (refusal) asked.reject(errorOf(refusal))
      else asked.resolve(answer as never)
    }
  }

  /** What cannot be understood is no reason to lose the answers: it is caught up like what the bus loses. */
  function tell(channel: string, text: string) {
    try {
      onText(channel, text)
    } catch (err) {
      log.error({ err, channel }, 'text of server not understood')
    }
  }

  /** All have the same time, so the first that is not due ends the search. */
  function giveUpDue() {
    const now = performance.now()
    for (const [number, { due, reject }] of waiting) {
      if (due > now) break
      waiting.delete(number)
      reject(unavailable())
    }
    if (unsent.length > waiting.size) unsent = unsent.filter(([number]) => waiting.has(number))
  }

  function ask<Name extends CommandName>(name: Name, command: BackendCommand<Name>): Promise<BackendAnswer<Name>> {
    if (closed || waiting.size >= options.waitingLimit) return Promise.reject(unavailable())
    const number = ++lastNumber
    const whole: StreamCommand = [number, name, command]
    return new Promise((resolve, reject) => {
      waiting.set(number, { command: whole, due: performance.now() + options.answerWithin, resolve, reject })
      unsent.push(whole)
      schedule(name)
    })
  }

  const timer = setInterval(giveUpDue, Math.min(1_000, options.answerWithin / 4))

  async function close() {
    closed = true
    clearInterval(timer)
    clearTimeout(lingering)
    streams.close()
    for (const { reject } of waiting.values()) reject(unavailable())
    waiting.clear()
  }

  return {
    ask,
    onText(listener) {
      onText = listener
    },
    isUp: streams.isUp,
    close,
  }
}

function unavailable(): ChatError {
  return new ChatError('unavailable', 'The service is not available now. Please try again later.', 1)
}

function errorOf({ code, body, retryAfter }: StreamRefusal): ChatError {
  return new ChatError(code, body, retryAfter)
}
