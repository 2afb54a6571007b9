import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import {
  type Backend,
  type BackendCommand,
  backendCommands,
  encodeSaid,
  type StreamAnswer,
  type StreamCommand,
  type StreamText,
  withTexts,
} from '../schemas/backend.ts'
import { lastSeqOf, roomChannel } from '../schemas/bus.ts'
import { ChatError } from '../schemas/errors.ts'
import type { TappedBus } from './bus-tap.ts'

type Parts = { backend: Backend; bus: Pick<TappedBus, 'onPublish'>; log: FastifyBaseLogger }

/** Bytes that wait for the relay to read them at most, beside answers. What else there is comes over the bus. */
const longestWaiting = 1024 * 1024

/**
 * One relay. Answers go as they become known, those of one turn together, and with them what its sends have made of their rooms: so a sender has
 * his message at once, and in one piece with the answer, where the bus would bring it a moment later.
 */
export function serveRelay(relay: WebSocket, { backend, bus, log }: Parts): void {
  let answers: StreamAnswer[] = []
  let texts: StreamText[] = []
  /** Characters of the texts. */
  let gathered = 0
  const sending = createTally()

  /** Before anything is added. */
  function schedule() {
    if (answers.length === 0 && texts.length === 0) setImmediate(flush)
  }

  function flush() {
    const said = encodeSaid(answers, texts)
    answers = []
    texts = []
    gathered = 0
    relay.send(said, () => {})
  }

  function tell(channel: string, text: string) {
    // Without a seq nobody could tell that it had come already, nor what came before it.
    if (!sending.has(channel) || !(lastSeqOf(text) > 0)) return
    if (relay.bufferedAmount + gathered + text.length > longestWaiting) return
    schedule()
    texts.push([channel, text])
    gathered += text.length
  }

  function obey([number, name, given]: StreamCommand) {
    const { data: command } = backendCommands[name].command.safeParse(given)
    const channel = command && name === 'send' ? roomChannel((command as BackendCommand<'send'>).room_id) : undefined
    const answer = (refusal: StreamAnswer[1], value: unknown) => {
      if (channel) sending.remove(channel)
      schedule()
      answers.push([number, refusal, value])
    }
    const refuse = ({ code, body, retryAfter }: ChatError) => answer({ code, body, retryAfter }, null)
    if (channel) sending.add(channel)
    if (command) backend.ask(name, command as never).then((value) => answer(null, value), refuse)
    else refuse(new ChatError('invalid', 'The command has another shape.'))
  }

  if (relay.protocol === withTexts) relay.on('close', bus.onPublish(tell))
  relay.on('error', (error) => log.warn({ reason: error.message }, 'relay stream broke'))
  relay.on('message', (text) => {
    const commands = parse(String(text))
    if (!commands) return relay.close(1002)
    commands.forEach(obey)
  })
}

/** How many there are of each. */
function createTally() {
  const counts = new Map<string, number>()
  return {
    has: (name: string) => counts.has(name),
    add: (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    remove(name: string) {
      const left = (counts.get(name) ?? 0) - 1
      if (left > 0) counts.set(name, left)
      else counts.delete(name)
    },
  }
}

function parse(text: string): StreamCommand[] | undefined {
  try {
    const commands: unknown = JSON.parse(text)
    return Array.isArray(commands) && commands.every(isCommand) ? commands : undefined
  } catch {
    return undefined
  }
}

function isCommand(value: unknown): value is StreamCommand {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [number, name] = value
  return Number.isSafeInteger(number) && typeof name === 'string' && Object.hasOwn(backendCommands, name)
}
