import type { SeenMessageRow } from '../../db/queries/messages.ts'
import { listReads, type ReadRow } from '../../db/queries/reads.ts'
import { countFound, type Search, searchMessages as searchMessageRows } from '../../db/queries/search.ts'
import { ChatError } from '../../schemas/errors.ts'
import { longerThan } from '../../schemas/fields.ts'
import { longestQuery, shortestQuery } from '../../schemas/search.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { highlight, type Range } from '../highlights.ts'
import type { PageRange } from './pages.ts'

export type Found = { message: SeenMessageRow; highlights: Range[] }

/** Messages of the actor's rooms with the words of `q`, or with `q` itself anywhere in them, newest first. */
export async function searchMessages(
  chat: Pick<Chat, 'db'>,
  actor: Pick<Actor, 'id'>,
  asked: { q: string | undefined; roomId?: string | undefined },
  range: PageRange,
): Promise<{ count: number; found: Found[]; reads: ReadRow[] }> {
  const q = checkedQuery(asked.q)
  const search: Search = asked.roomId === undefined ? { q } : { q, roomId: asked.roomId }
  const page = await range.resolve(() => countFound(chat.db, actor.id, search))
  const { count, stems, messages } = await searchMessageRows(chat.db, actor.id, search, page)
  // Each by itself: they lie far apart, and a stretch from the first to the last would bring every reading between.
  const reads = await listReads(
    chat.db,
    messages.map(({ roomId, seq }) => ({ roomId, fromSeq: seq, uptoSeq: seq })),
  )
  return { count, found: messages.map((message) => ({ message, highlights: highlight(message.content, q, stems) })), reads }
}

function checkedQuery(asked: string | undefined): string {
  const q = (asked ?? '').trim()
  if (!longerThan(q, shortestQuery - 1)) throw refusal(`Search query must be at least ${shortestQuery} characters`)
  if (longerThan(q, longestQuery)) throw refusal(`Search query must be at most ${longestQuery} characters`)
  return q
}

function refusal(error: string): ChatError {
  return new ChatError('invalid', { error })
}
