import { listProperties, listTasks } from '../../db/queries/directory.ts'
import { listPeople } from '../../db/queries/people.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import type { PageRange } from './pages.ts'

type Context = Pick<Chat, 'db'>

/** Active users, the actor left out. */
export async function findUsers({ db }: Context, actor: Actor, search: string | undefined, range: PageRange) {
  const words = wordsOf(search)
  const page = await range.resolve(async () => (await listPeople(db, actor.id, words, { limit: 0, offset: 0 })).count)
  return listPeople(db, actor.id, words, page)
}

export async function findTasks({ db }: Context, search: string | undefined, range: PageRange) {
  const words = wordsOf(search)
  return listTasks(db, words, await range.resolve(async () => (await listTasks(db, words, { limit: 0, offset: 0 })).count))
}

export async function findProperties({ db }: Context, search: string | undefined, range: PageRange) {
  const words = wordsOf(search)
  return listProperties(db, words, await range.resolve(async () => (await listProperties(db, words, { limit: 0, offset: 0 })).count))
}

const mostWords = 8

function wordsOf(search = ''): string[] {
  return search.trim().split(/\s+/).filter(Boolean).slice(0, mostWords)
}
