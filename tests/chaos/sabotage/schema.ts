import type { World } from '../parts/world.ts'

export const sabotageNames = [
  'no-unique-client-id',
  'membership-before-lock',
  'no-head-sweep',
  'publish-before-commit',
  'skip-holes',
] as const
export type SabotageName = (typeof sabotageNames)[number]

/** The part of a sabotage that is done to the database; the rest is in the entries. */
export async function sabotageSchema(world: World, name: SabotageName): Promise<void> {
  if (name === 'no-unique-client-id') await forgetClientIds(world)
  if (name === 'membership-before-lock') await checkMembershipEarly(world)
}

/** Sabotage of the harness's own database: known client_ids are not found, and nothing forbids a second message. */
export async function forgetClientIds({ sql }: World): Promise<void> {
  await sql`drop index chat_messages_client_id`
  await rewrite(sql, 'chat_send', 'chat_messages.client_id >= asked.client_id', 'false')
}

/** Sabotage: who is in the room is asked in a statement before the one that waits for the lock. */
export async function checkMembershipEarly({ sql }: World): Promise<void> {
  const early = `members text[] := ARRAY(SELECT chat_participants.room_id || ' ' || user_id FROM chat_participants WHERE left_at IS NULL);`
  const wasMember = `asked.room_id || ' ' || asked.sender_id = ANY (members)`
  await rewrite(sql, 'chat_send', 'moment timestamptz;', `moment timestamptz; ${early}`)
  await rewrite(sql, 'chat_send', 'chat_participants.left_at IS NULL', wasMember)
  await rewrite(sql, 'chat_send_all', 'numbered integer;', `numbered integer; ${early}`)
  await rewrite(sql, 'chat_send_all', 'participant.left_at IS NULL', wasMember)
  await rewrite(sql, 'chat_send_one', 'may boolean;', `may boolean; ${early}`)
  await rewrite(sql, 'chat_send_one', 'participant.left_at IS NULL', `to_room || ' ' || from_user = ANY (members)`)
}

async function rewrite(sql: World['sql'], name: 'chat_send' | 'chat_send_all' | 'chat_send_one', from: string, to: string): Promise<void> {
  const [row] = await sql<{ text: string }[]>`select pg_get_functiondef(${name}::regproc) as text`
  if (!row?.text.includes(from)) throw new Error(`${name} does not say "${from}": the sabotage has to follow it`)
  await sql.unsafe(row.text.replace(from, to))
}
