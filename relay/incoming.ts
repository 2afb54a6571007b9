import type { z } from 'zod'
import { ChatError } from '../schemas/errors.ts'
import { fieldMessages } from '../schemas/fields.ts'
import { ClientId } from '../schemas/messages.ts'
import { Command, type ErrorFrame } from '../schemas/socket.ts'

/** A frame of a client: what he wants, or why that cannot be known. */
export type Incoming = { command: Command } | { error: ErrorFrame }

type Traces = Pick<ErrorFrame, 'client_id' | 'room_id'>

/** Reads a text frame. An error names the `client_id` of what it answers, if that can be read. */
export function readCommand(text: string): Incoming {
  const json = parseJson(text)
  if (json === undefined) return { error: errorFrame(new ChatError('parse_error', 'The frame is not JSON.'), {}) }
  const parsed = Command.safeParse(json)
  if (parsed.success) return { command: parsed.data }
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.')
  const message = field && field !== 'type' ? `${field}: ${wrong(json, issue)}` : typeMessage
  return { error: errorFrame(new ChatError('invalid', message), tracesOf(json)) }
}

/** A refusal as the frame that says so. Anything but a ChatError is told as an internal error, without its text. */
export function errorFrame(error: unknown, { client_id, room_id }: Traces): ErrorFrame {
  const known = error instanceof ChatError ? error : new ChatError('internal', 'An unexpected error occurred.')
  return {
    type: 'error',
    message: known.message,
    code: known.code,
    ...(client_id === undefined ? {} : { client_id }),
    ...(room_id === undefined ? {} : { room_id }),
    ...(known.retryAfter === undefined ? {} : { retry_after: known.retryAfter }),
  }
}

/** What is missing is said as over REST. */
function wrong(json: unknown, issue: z.core.$ZodIssue | undefined): string | undefined {
  const isMissing = issue?.path.length === 1 && !Object.hasOwn(json as object, String(issue.path[0]))
  return isMissing ? fieldMessages.required : issue?.message
}

const typeMessage = 'The frame is not a command: its type is unknown.'

/** Undefined for what is not JSON; JSON itself has no undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function tracesOf(json: unknown): Traces {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'client_id')) return {}
  const { client_id } = json as { client_id: unknown }
  const readable = ClientId.safeParse(client_id)
  return readable.success ? { client_id: readable.data } : {}
}
