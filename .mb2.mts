import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { v7 } from 'uuid'
import { openDatabase } from './db/open.ts'
import { migrate } from './db/migrate.ts'
import { insertMessages } from './db/queries/sends.ts'
import { openStores } from './bench/systems/stores.ts'
const stores = await openStores()
await migrate(stores.databaseUrl)
const { db, close } = openDatabase({ url: stores.databaseUrl, connections: 1 })
const pidRow = await db.execute(sql`select pg_backend_pid() as pid`)
const pid = (pidRow[0] as any).pid
const cpu = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e3
await db.execute(sql`insert into users (username, password_hash) select 'p'||n,'x' from generate_series(1,50) n`)
const rooms = Array.from({ length: 20 }, () => v7())
for (const r of rooms) { await db.execute(sql`insert into chat_rooms (id, room_type) values (${r}, 'group')`); await db.execute(sql`insert into chat_participants (room_id,user_id) select ${r}::uuid, n from generate_series(1,50) n`) }
await db.execute(sql`create table messages (id bigint generated always as identity primary key, room uuid not null, sender_id integer not null, content text not null, created_at timestamptz not null default now())`)
await db.execute(sql`create index messages_of_room on messages (room, id)`)
const q = (db as any).$client
const variants: Record<string, (k: number) => Promise<unknown>> = {
  all: (k) => insertMessages(db, Array.from({ length: k }, (_, i) => ({ id: v7(), roomId: rooms[i % 20]!, senderId: 1 + (i % 50), clientId: v7(), content: 'hello there, number ' + i, messageType: 'text' as const, replyToId: null, attachment: null }))),
  insert: (k) => Promise.all(Array.from({ length: k }, (_, i) => q`insert into messages (room, sender_id, content) values (${rooms[i % 20]}, ${1 + (i % 50)}, ${'hello there'}) returning id, created_at`)),
  nothing: () => q`select 1`,
}

const args = () => { const id = v7(); return [`{${rooms[0]}}`, '{1}', `{${id}}`, `{${id}}`, '{1}', '{1}', '{1}', `{"${v7()}"}`, '{"hello"}', '{null}'] }
const call = (fn: string) => () => q.unsafe(`select * from ${fn}($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`, args(), { prepare: true })
const [def] = await q`select pg_get_functiondef('chat_send_all'::regproc) as d`
const mk = async (name: string, f: (d: string) => string) => { await q.unsafe(f(def.d.replace('chat_send_all', name))) }
for (const g of ['enable_seqscan','enable_bitmapscan','enable_sort','enable_hashjoin','enable_mergejoin']) await q.unsafe(`set ${g} = off`)
await q.unsafe('set plan_cache_mode = force_generic_plan')
await mk('f_noset', (d) => d.replace(/^ SET .*$/gm, ''))
await mk('f_noexc', (d) => d.replace(/EXCEPTION[^;]*RETURN;/, ''))
await mk('f_neither', (d) => d.replace(/^ SET .*$/gm, '').replace(/EXCEPTION[^;]*RETURN;/, ''))
await mk('f_noreq', (d) => d.replace(/^ SET .*$/gm, '').replace(/EXCEPTION[^;]*RETURN;/, '').replace(/WHERE chat_require_all.*;/, ';'))
await mk('f_updonly', (d) => d.replace(/^ SET .*$/gm, '').replace(/EXCEPTION[^;]*RETURN;/, '').replace(/RETURN QUERY[^;]*;/, ''))
const fns: Record<string, () => Promise<unknown>> = { drizzle: () => variants.all!(1), plain: call('chat_send_all'), noset: call('f_noset'), noexc: call('f_noexc'), neither: call('f_neither'), noreq: call('f_noreq'), updonly: call('f_updonly'), insert: () => variants.insert!(1) }
for (let round = 0; round < 3; round++) for (const [name, run] of Object.entries(fns)) {
  const n = 1200
  for (let i = 0; i < 50; i++) await run()
  const c0 = cpu(); const u0 = process.cpuUsage(); const t: number[] = []
  for (let i = 0; i < n; i++) { const a = performance.now(); await run(); t.push(performance.now() - a) }
  const u = process.cpuUsage(u0); t.sort((a, b) => a - b)
  if (round) console.log(name, 'p50', (t[n >> 1]! * 1e3).toFixed(0), 'pg', ((cpu() - c0) / n).toFixed(0), 'node', ((u.user + u.system) / n).toFixed(0))
}
await close(); await stores.close()
