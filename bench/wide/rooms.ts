import { randomUUID } from 'node:crypto'
import type { Somebody } from '../../tests/chaos/actors/people.ts'
import type { World } from '../../tests/chaos/parts/world.ts'

/** Rooms with the same people in each of them, made without the service: that would take minutes. */
export async function makeRooms({ sql }: World, count: number, people: readonly Somebody[]): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  const userIds = people.map(({ id }) => id)
  await sql`insert into chat_rooms (id, name, room_type, created_by_id) select id, 'Wide', 'group', ${userIds[0] ?? 0} from unnest(${ids}::uuid[]) as id`
  await sql`
    insert into chat_participants (room_id, user_id) select room_id, user_id
    from unnest(${ids}::uuid[]) as room_id cross join unnest(${userIds}::int[]) as user_id`
  return ids
}

/** Sends a text by REST. */
export async function say(world: World, who: Somebody, room: string, content: string): Promise<void> {
  const answer = await fetch(`${world.servers[0]?.url}/api/chat/messages/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ room, content, client_id: randomUUID() }),
  })
  await answer.arrayBuffer()
  if (answer.status !== 201) throw new Error(`not sent: ${answer.status}`)
}
