import { ChatError } from '../../schemas/errors.ts'
import type { Page, PageQuery } from '../../schemas/lists.ts'

const usualSize = 50
const largestSize = 100

/** The part of a list that a request asks for. */
export type PageRange = {
  /** `count` is asked only for the last page, which cannot be found without it. */
  resolve(count: () => Promise<number>): Promise<{ limit: number; offset: number }>
  /** The page around its results. Throws `not_found` when there is no such page. `url` is the request's own, absolute. */
  present<Item>(results: Item[], count: number, url: string): Page<Item>
}

/** One request's page; resolve comes before present. */
export function pageRange(query: PageQuery): PageRange {
  const size = pageSize(query.page_size)
  let page = numberOf(query.page ?? '1')
  return {
    async resolve(count) {
      if (page === 'last') page = Math.max(1, Math.ceil((await count()) / size))
      if (page === undefined) throw noSuchPage()
      return { limit: size, offset: (page - 1) * size }
    },
    present(results, count, url) {
      if (typeof page !== 'number') throw noSuchPage()
      if (results.length === 0 && page > 1) throw noSuchPage()
      return {
        count,
        next: page * size < count ? linkTo(url, page + 1) : null,
        previous: page > 1 ? linkTo(url, page - 1) : null,
        results,
      }
    },
  }
}

/** Nonsense counts as 50, more than 100 as 100. */
export function pageSize(asked: string | undefined): number {
  const size = asked !== undefined && /^\d+$/.test(asked) ? Number(asked) : 0
  return size < 1 ? usualSize : Math.min(size, largestSize)
}

/** Pages so far off that their offset could not be said exactly are no pages. */
function numberOf(asked: string): number | 'last' | undefined {
  if (asked === 'last') return 'last'
  return /^\d{1,12}$/.test(asked) && Number(asked) >= 1 ? Number(asked) : undefined
}

function linkTo(url: string, page: number): string {
  const link = new URL(url)
  if (page === 1) link.searchParams.delete('page')
  else link.searchParams.set('page', String(page))
  return link.href
}

function noSuchPage(): ChatError {
  return new ChatError('not_found', 'Invalid page.')
}
