import postgres from 'postgres'
import type { Layout } from './layout.ts'

/** Puts people and rooms into our migrated database. */
export async function seedOurs(databaseUrl: string, { rooms, members }: Layout): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  const people = rooms * members
  try {
    await sql`
      insert into users (username, first_name, last_name, email, password_hash)
      select 'person-' || n, 'Person', 'Number ' || n, 'person-' || n || '@example.com', 'nobody signs in here' from generate_series(1, ${people}::int) n`
    await sql`
      insert into chat_rooms (id, name, room_type, created_by_id)
      select md5('room ' || n)::uuid, 'Room ' || n, 'group', n + 1 from generate_series(0, ${rooms}::int - 1) n`
    await sql`
      insert into chat_participants (room_id, user_id, is_admin)
      select md5('room ' || ((n - 1) % ${rooms}::int))::uuid, n, n <= ${rooms}::int from generate_series(1, ${people}::int) n`
    // Not the tables that are empty yet: in production nobody tells the planner that they are.
    await sql`analyze users, chat_rooms, chat_participants`
  } finally {
    await sql.end()
  }
}
