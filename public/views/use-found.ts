import { useEffect, useState } from 'preact/hooks'
import type { PropertyBrief, TaskBrief } from '../../schemas/directory.ts'
import type { Page } from '../../schemas/lists.ts'
import type { UserBrief } from '../../schemas/users.ts'
import { usePage } from './context.ts'

export type Found = { id: number; name: string }
type Brief = UserBrief | TaskBrief | PropertyBrief

/** What the directory has for a text; the last answer stays until the next is there. */
export function useFound(what: 'users' | 'tasks' | 'properties', text: string) {
  const { client } = usePage()
  const [answer, setAnswer] = useState<{ what: string; found: Found[] } | undefined>()
  useEffect(() => {
    const aborter = new AbortController()
    const query = { search: text.trim(), page_size: 30 }
    client.api.request<Page<Brief>>({ method: 'GET', path: `/api/chat/${what}/`, query, signal: aborter.signal }).then(
      ({ results }) => setAnswer({ what, found: results.map((brief) => ({ id: brief.id, name: nameOf(brief) })) }),
      () => undefined,
    )
    return () => aborter.abort()
  }, [what, text])
  const isThere = answer?.what === what
  return { found: isThere ? answer.found : [], isThere }
}

function nameOf(brief: Brief): string {
  if ('full_name' in brief) return brief.full_name
  return 'title' in brief ? brief.title : brief.name
}
