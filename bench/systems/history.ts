import postgres from 'postgres'

/** How much was said, by whom and where: every room has the reader and three others, who take turns to speak. */
export type History = {
  /** Messages of the room at this place. */
  messages: number[]
  /** The rooms before this place are unread to the reader, the others read. */
  unread: number
}

export const historyReader = 1
const others = [2, 3, 4]

/** Fills our migrated, empty database, index of search and all. In a room of 1 000 000 every 5 000th message is about a word that is found by searching. */
export async function seedHistory(databaseUrl: string, { messages, unread }: History): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql`set maintenance_work_mem = '1GB'`
    await sql`
      insert into users (username, first_name, last_name, email, password_hash)
      select 'person-' || n, 'Person', 'Number ' || n, 'person-' || n || '@example.com', 'nobody signs in here'
      from generate_series(1, ${others.length + 1}::int) n`
    await sql`
      create temporary table plan as
      select (n - 1)::int as place, md5('room ' || (n - 1))::uuid as room_id, size::int
      from json_array_elements_text(${sql.json(messages)}::json) with ordinality as planned (size, n)`
    await sql`
      insert into chat_rooms (id, name, room_type, created_by_id, last_seq, message_count, created_at, modified_at)
      select room_id, 'Room ' || place, 'group', ${historyReader}, size, size, now() - interval '400 days', now() - place * interval '1 minute' from plan`
    await sql`
      insert into chat_participants (room_id, user_id, is_admin)
      select room_id, n, n = ${historyReader} from plan cross join generate_series(1, ${others.length + 1}::int) n`
    await sql`
      update chat_participants set last_read_seq = size from plan
      where chat_participants.room_id = plan.room_id and user_id = ${historyReader} and place >= ${unread}`
    const indexes = await dropIndexes(sql)
    await sql`
      insert into chat_messages (id, room_id, seq, sender_id, client_id, content, created_at, modified_at)
      select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(place % 4096), 3, '0') || '8000' || lpad(to_hex(seq), 12, '0'))::uuid,
        room_id, seq, 2 + seq % 3, 'client-' || seq,
        case when size >= 1000 and seq % greatest(size / 200, 1) = 0 then 'The boiler needs a plumber, call number ' || seq
          else 'Guest ' || seq % 9973 || ' asked about the keys and late checkout of flat ' || seq % 613 end,
        at, at
      from (
        select room_id, place, size, seq, now() - place * interval '1 minute' - (size - seq) * interval '30 seconds' as at
        from plan cross join lateral generate_series(1, size) as seq
      ) as said`
    await sql`
      update chat_rooms as room set last_message_id = (select id from chat_messages where room_id = room.id order by seq desc limit 1)`
    await sql`
      insert into chat_search (room_id, seq, created_at, folded, document)
      select room_id, seq, created_at, folded, chat_search_document(folded)
      from (select room_id, seq, created_at, chat_fold(content) as folded from chat_messages) as message`
    await sql`insert into chat_search_progress (room_id, upto_seq) select room_id, size from plan`
    for (const index of indexes) await sql.unsafe(index)
    await sql`vacuum analyze`
  } finally {
    await sql.end()
  }
}

/** Built at the end, an index takes a fraction of the time. Returns what makes them again. */
async function dropIndexes(sql: postgres.Sql): Promise<string[]> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename in ('chat_messages', 'chat_search')
      and indexname not in (select conname from pg_constraint)`
  for (const { name } of indexes) await sql`drop index ${sql(name)}`
  return indexes.map(({ definition }) => definition)
}
