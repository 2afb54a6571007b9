import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import type { z } from 'zod'
import { ChatError } from '../schemas/errors.ts'
import { fieldMessages } from '../schemas/fields.ts'

type Issue = z.core.$ZodIssue

/** Checks requests with their zod schemas, and refuses in the words that clients of the old backend know. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  switch (httpPart) {
    case 'params':
      return (input) => answer(schema, input, () => new ChatError('not_found', 'Not found.'))
    case 'querystring':
      return (input) => answer(schema, lastOfEach(input), refuseFilters)
    default:
      return (input) => answer(schema, input ?? {}, refuseFields)
  }
}

/** Parses by hand what a route reads by itself: the fields of an upload. Throws `invalid`. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: wireMessage, reportInput: true })
  if (!parsed.success) throw refuseFields(parsed.error.issues)
  return parsed.data
}

function answer(schema: z.ZodType, input: unknown, refuse: (issues: Issue[]) => ChatError) {
  const parsed = schema.safeParse(input, { error: wireMessage, reportInput: true })
  return parsed.success ? { value: parsed.data } : { error: refuse(parsed.error.issues) }
}

/** Answers are plain JSON. In tests each is checked with its schema first, and a wrong one is a bug that shows. */
export function serializerCompiler(checkAnswers: boolean): FastifySerializerCompiler<z.ZodType> {
  if (!checkAnswers) return () => JSON.stringify
  return ({ schema, method, url, httpStatus }) =>
    (body) => {
      const parsed = schema.safeParse(body)
      if (!parsed.success) throw new Error(`${method} ${url} answered ${httpStatus} in another shape`, { cause: parsed.error })
      return JSON.stringify(body)
    }
}

/** A form can give a name twice: the last one counts. A filter without a value is none. */
function lastOfEach(query: unknown): Record<string, unknown> {
  const last: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query ?? {})) {
    const single: unknown = Array.isArray(value) ? value.at(-1) : value
    if (single !== '') last[name] = single
  }
  return last
}

function refuseFields(issues: Issue[]): ChatError {
  const fields: Record<string, string[]> = {}
  for (const issue of issues) {
    const [field = 'non_field_errors'] = issue.path
    const texts = fields[String(field)] ?? []
    if (!texts.includes(issue.message)) fields[String(field)] = [...texts, issue.message]
  }
  return new ChatError('invalid', fields)
}

function refuseFilters(issues: Issue[]): ChatError {
  const fields: Record<string, string[]> = {}
  for (const issue of issues) fields[String(issue.path[0] ?? 'non_field_errors')] = [fieldMessages.choice]
  return new ChatError('invalid', fields)
}

/** What a schema does not say in words of its own. */
function wireMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    return `Invalid data. Expected a dictionary, but got ${Array.isArray(issue.input) ? 'list' : typeof issue.input}.`
  }
  if (issue.input === undefined) return fieldMessages.required
  if (issue.input === null) return fieldMessages.null
  switch (issue.code) {
    case 'invalid_type':
      return messageByType[issue.expected] ?? 'Not a valid value.'
    case 'invalid_value':
      return notAChoice(issue.input)
    case 'invalid_format':
      return issue.format === 'datetime' ? fieldMessages.date : 'Not a valid value.'
    case 'invalid_union':
      return 'Not a valid value.'
    default:
      return undefined
  }
}

/** Whatever a client has sent: `String` of an object asks the object itself, and of a deep list runs out of stack. */
function notAChoice(input: unknown): string {
  return typeof input === 'object' ? 'Not a valid choice.' : `"${String(input).slice(0, 100)}" is not a valid choice.`
}

const messageByType: Record<string, string> = {
  string: fieldMessages.string,
  number: fieldMessages.integer,
  int: fieldMessages.integer,
  boolean: fieldMessages.boolean,
  array: 'Expected a list of items.',
}
