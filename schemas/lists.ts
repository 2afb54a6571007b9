import { z } from 'zod'

/** A page of a list: `count` of all, absolute links to its neighbours. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({
    count: z.int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(item),
  })
}

export type Page<Item> = { count: number; next: string | null; previous: string | null; results: Item[] }

/** The page parameters every list takes: `page` is 1, 2, … or `last`; a bad `page_size` counts as 50, one above 100 as 100. */
export const PageQuery = z.object({
  page: z.string().optional(),
  page_size: z.string().optional(),
})
export type PageQuery = z.infer<typeof PageQuery>

/** An answer that says in words that something was done. */
export const Done = z.object({ message: z.string() })

/** What every refusal looks like: `detail`, or texts by field, or `error`. */
export const Refusal = z.record(z.string(), z.unknown())
