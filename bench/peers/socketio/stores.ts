import pg from 'pg'
import postgres from 'postgres'

/** Stores a message by an INSERT of its own. */
export type Store = (message: { room: string; senderId: number; text: string }) => Promise<{ id: string; created_at: Date } | undefined>

const tables = `
  create table if not exists messages (
    id bigint generated always as identity primary key,
    room uuid not null,
    sender_id integer not null,
    content text not null,
    created_at timestamptz not null default now()
  );
  create index if not exists messages_of_room on messages (room, id)`

/** As the documentation of `pg` has it: its pool as it comes. */
async function openPlainStore(url: string): Promise<Store> {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(tables)
  return async ({ room, senderId, text }) => {
    const { rows } = await pool.query('INSERT INTO messages (room, sender_id, content) VALUES ($1, $2, $3) RETURNING id, created_at', [
      room,
      senderId,
      text,
    ])
    return rows[0]
  }
}

/** The fastest driver there is, on sixteen connections with prepared statements. */
async function openTunedStore(url: string): Promise<Store> {
  const sql = postgres(url, { max: 16, onnotice: () => undefined })
  await sql.unsafe(tables)
  return async ({ room, senderId, text }) => {
    const [row] = await sql<{ id: string; created_at: Date }[]>`
      insert into messages (room, sender_id, content) values (${room}, ${senderId}, ${text}) returning id, created_at`
    return row
  }
}

/** As the first, and numbered: the next number of a room is taken under the lock of its row, in the same statement, so no number is missing and none comes twice. */
async function openOrderedStore(url: string): Promise<Store> {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(`${tables};
    create table if not exists rooms (id uuid primary key, last_seq bigint not null);
    alter table messages add column if not exists seq bigint`)
  const send = `
    with place as (
      insert into rooms as room (id, last_seq) values ($1, 1) on conflict (id) do update set last_seq = room.last_seq + 1 returning id, last_seq
    )
    insert into messages (room, seq, sender_id, content) select id, last_seq, $2, $3 from place returning id, created_at`
  return async ({ room, senderId, text }) => {
    const { rows } = await pool.query(send, [room, senderId, text])
    return rows[0]
  }
}

export const stores: Partial<Record<string, (url: string) => Promise<Store>>> = {
  plain: openPlainStore,
  tuned: openTunedStore,
  ordered: openOrderedStore,
}
