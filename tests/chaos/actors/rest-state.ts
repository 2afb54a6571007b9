import { comparable, listMessages, type RoomState, stateFromRest } from '../../../public/client/state.ts'
import type { Page } from '../../../schemas/lists.ts'
import type { Message } from '../../../schemas/messages.ts'
import type { Room } from '../../../schemas/rooms.ts'
import type { Caller } from './caller.ts'
import type { Somebody } from './people.ts'

/** A room with all its messages, as REST shows it to somebody. The room is read first, so the state is at least that of its seq. */
export async function loadState(caller: Caller, who: Somebody, roomId: string): Promise<RoomState> {
  const room = (await get(caller, who, `/api/chat/rooms/${roomId}/`)) as Room
  const messages: Message[] = []
  for (let before = ''; ; ) {
    const page = (await get(caller, who, `/api/chat/messages/?room=${roomId}&limit=100${before}`)) as Page<Message>
    messages.push(...page.results)
    const oldest = page.results.at(-1)
    if (!oldest || page.next === null) break
    before = `&before=${oldest.seq}`
  }
  return stateFromRest(room, { messages, range: { from: 0, to: Number.POSITIVE_INFINITY } })
}

/** What must be equal, with the places of deleted messages. */
export function comparableWithTombstones(state: RoomState) {
  const deleted = listMessages(state).flatMap(({ id, seq, is_deleted }) => (is_deleted ? [{ id, seq }] : []))
  return { ...comparable(state), deleted }
}

async function get(caller: Caller, who: Somebody, path: string): Promise<unknown> {
  const { status, body } = await caller.untilDefinite(who, { method: 'GET', path })
  if (status !== 200) throw new Error(`GET ${path.split('?')[0]} answered ${status}`)
  return body
}
