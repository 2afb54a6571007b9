import { z } from 'zod'
import { Message } from './messages.ts'

/** Characters of a search at least, without the spaces around it. */
export const shortestQuery = 3
export const longestQuery = 200

/** A message that was found. `highlights` are ranges of `content` in UTF-16 units, `[from, up to]`, in order: what matched, as far as can be told. */
export const FoundMessage = Message.extend({ highlights: z.array(z.tuple([z.int(), z.int()])) })
export type FoundMessage = z.infer<typeof FoundMessage>
