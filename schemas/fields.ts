import { z } from 'zod'

/** The texts a client of the old backend knows for a refused field. */
export const fieldMessages = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  blank: 'This field may not be blank.',
  string: 'Not a valid string.',
  integer: 'A valid integer is required.',
  boolean: 'Must be a valid boolean.',
  date: 'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
  nul: 'Null characters are not allowed.',
  surrogate: 'Lone surrogates are not allowed.',
  choice: 'Select a valid choice. That choice is not one of the available choices.',
} as const

const largestInteger = 2_147_483_647
const lone = /\p{Surrogate}/u
const invisible = /^[\p{Cf}\p{Cc}\p{Z}\p{Mn}\u115F\u1160\u2800\u3164\uFFA0]*$/u
const bidiControls = /[\u202A-\u202E\u2066-\u2069]/gu

/** An RFC 3339 instant in UTC, with `Z` and microseconds where the store has them. */
export const Time = z.iso.datetime({ precision: undefined })

/** A UUID in any letter case; lower case afterwards. */
export const Uuid = z.guid({ error: (issue) => missing(issue.input) ?? 'Must be a valid UUID.' }).toLowerCase()

/** An integer, also as a string ("42"), within PostgreSQL's `integer`. */
export const Integer = z.union(
  [
    z.int().min(-largestInteger).max(largestInteger),
    z
      .string()
      .regex(/^[+-]?\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(-largestInteger).max(largestInteger)),
  ],
  { error: (issue) => missing(issue.input) ?? fieldMessages.integer },
)

const spelledTrue = ['true', 'True', 'TRUE', '1', 'on', 'yes', 't', 'y']
const spelledFalse = ['false', 'False', 'FALSE', '0', 'off', 'no', 'f', 'n']

/** A boolean, also as a form spells it. */
export const Bool = z.union(
  [
    z.boolean(),
    z.literal([0, 1]).transform((number) => number === 1),
    z.enum(spelledTrue).transform(() => true),
    z.enum(spelledFalse).transform(() => false),
  ],
  { error: (issue) => missing(issue.input) ?? fieldMessages.boolean },
)

/** What may be left out. An empty text is nothing too: so a form says that nothing was chosen. */
export function orNothing<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (value === '' ? null : value), schema.nullable()).optional()
}

/** Any text that PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair. At most `limit` characters (code points). */
export function text(limit: number) {
  return z
    .string({ error: (issue) => missing(issue.input) ?? fieldMessages.string })
    .refine((value) => !value.includes('\0'), fieldMessages.nul)
    .refine((value) => !lone.test(value), fieldMessages.surrogate)
    .refine((value) => !longerThan(value, limit), `Ensure this field has no more than ${limit} characters.`)
}

/** Text that a person can read: trimmed, and something of it visible. */
export function visibleText(limit: number) {
  return z
    .string({ error: (issue) => missing(issue.input) ?? fieldMessages.string })
    .trim()
    .pipe(text(limit).refine((value) => !invisible.test(value), fieldMessages.blank))
}

/** A name: trimmed, without the controls that turn the direction of what follows. */
export function nameText(limit: number) {
  return z
    .string({ error: (issue) => missing(issue.input) ?? fieldMessages.string })
    .overwrite((value) => value.replace(bidiControls, '').trim())
    .pipe(text(limit))
}

/** Whether nothing of a text can be seen. */
export function isBlank(value: string): boolean {
  return invisible.test(value)
}

/** Whether a text has more than `limit` code points; cheap for short texts. */
export function longerThan(value: string, limit: number): boolean {
  if (value.length <= limit) return false
  return value.length > 2 * limit || [...value].length > limit
}

function missing(input: unknown): string | undefined {
  if (input === undefined) return fieldMessages.required
  if (input === null) return fieldMessages.null
  return undefined
}
