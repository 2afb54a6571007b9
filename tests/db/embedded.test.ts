import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processStart, waitUntil } from '../../db/embedded/processes.ts'
import { openEmbeddedPostgres } from '../../db/embedded.ts'
import { StartError } from '../../db/start-error.ts'

let folder: string
let holders: ChildProcess[]

beforeEach(async () => {
  // Mode 0700, as root's home has it: PostgreSQL's account cannot walk into it.
  folder = await mkdtemp(join(tmpdir(), 'aristay-test-embedded-'))
  holders = []
})

afterEach(async () => {
  for (const holder of holders) {
    holder.stdin?.end()
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit')
  }
  await rm(folder, { recursive: true, force: true })
})

/** Opens the folder in a process of its own, which can be killed. */
async function hold(dataDir: string): Promise<{ process: ChildProcess; url?: string; refused?: string }> {
  const program = fileURLToPath(new URL('../support/embedded-holder.ts', import.meta.url))
  const holder = spawn(process.execPath, ['--import', 'tsx', program, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  holders.push(holder)
  const [line] = await once(holder.stdout, 'data')
  return { process: holder, ...JSON.parse(String(line)) }
}

async function query(url: string | undefined, statement: string): Promise<postgres.Row[]> {
  const sql = postgres(url ?? '', { max: 1, onnotice: () => undefined })
  return await sql.unsafe(statement).finally(() => sql.end())
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

test('what was written is there after a restart, and nothing runs in between', async () => {
  const first = await openEmbeddedPostgres({ dataDir: folder })
  await query(first.url, 'create table kept as select 42 as answer')
  const pid = await postmasterPid()
  await first.close()
  await first.close()
  expect(await processStart(pid)).toBeUndefined()
  const second = await openEmbeddedPostgres({ dataDir: folder })
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  await second.close()
})

test('letters of every alphabet are letters for lower(), text search and trigrams', async () => {
  const server = await openEmbeddedPostgres({ dataDir: folder })
  await query(server.url, 'create extension pg_trgm; create extension unaccent')
  const [row] = await query(
    server.url,
    `select lower('ÄЖ'), to_tsvector('simple', 'Ключи — «дом»')::text as words, 'Ключи от дома' ilike '%ДОМ%' as matches,
     cardinality(show_trgm('ключ')) as trigrams, unaccent('café')`,
  )
  expect(row).toMatchObject({ lower: 'äж', words: "'дом':2 'ключи':1", matches: true, trigrams: 5, unaccent: 'cafe' })
  await server.close()
})

test('a commit is on disk before it is acknowledged, and only this machine can connect, with the password', async () => {
  const server = await openEmbeddedPostgres({ dataDir: folder })
  const settings = await query(
    server.url,
    "select current_setting('fsync') f, current_setting('synchronous_commit') s, current_setting('listen_addresses') l",
  )
  expect(settings).toEqual([{ f: 'on', s: 'on', l: '127.0.0.1' }])
  const url = new URL(server.url)
  url.password = 'guessed'
  await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  expect((await stat(join(folder, 'postgres', 'aristay-password'))).mode & 0o777).toBe(0o600)
  await server.close()
})

test('two with different folders run at once', async () => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) => openEmbeddedPostgres({ dataDir: join(folder, name) })))
  expect(one?.url).not.toBe(two?.url)
  for (const server of [one, two]) expect(await query(server?.url, 'select current_database()')).toEqual([{ current_database: 'aristay' }])
  await Promise.all([one?.close(), two?.close()])
})

test('a folder in use is refused, and its user does not notice', async () => {
  const first = await hold(folder)
  const second = await hold(folder)
  expect(second.refused).toBe(
    `The data in ${folder} is in use by another process (${first.process.pid}); stop it, or set DATA_DIR to another folder.`,
  )
  expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('of two first starts at the same moment in the same folder one wins and the other is refused', async () => {
  const both = await Promise.all([hold(folder), hold(folder)])
  expect(both.filter(({ url }) => url)).toHaveLength(1)
  expect(both.find(({ refused }) => refused)?.refused).toContain('in use by another process')
  expect(await readdir(folder)).toEqual(['postgres'])
})

test.each(['left running', 'killed too'])('after kill -9 the next start recovers; PostgreSQL %s', async (fate) => {
  const first = await hold(folder)
  await query(first.url, 'create table kept as select 42 as answer')
  const pid = await postmasterPid()
  first.process.kill('SIGKILL')
  if (fate === 'killed too') process.kill(pid, 'SIGKILL')
  await once(first.process, 'exit')
  const second = await openEmbeddedPostgres({ dataDir: folder })
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect(await waitUntil(async () => (await processStart(pid)) === undefined, 1000)).toBe(true)
  await second.close()
})

test('after kill -9 PostgreSQL does not run for ever', async () => {
  const { process: holder } = await hold(folder)
  const pid = await postmasterPid()
  holder.kill('SIGKILL')
  expect(await waitUntil(async () => (await processStart(pid)) === undefined, 5000)).toBe(true)
})

test('a PostgreSQL whose owner is gone is stopped by the next start', async () => {
  const first = await hold(folder)
  await query(first.url, 'create table kept as select 42 as answer')
  const pid = await postmasterPid()
  // Stopped, it cannot follow the watcher that asks it to end: the next start meets it alive.
  process.kill(pid, 'SIGSTOP')
  first.process.kill('SIGKILL')
  await once(first.process, 'exit')
  const opening = openEmbeddedPostgres({ dataDir: folder })
  setTimeout(() => process.kill(pid, 'SIGCONT'), 300)
  const second = await opening
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  await second.close()
})

test('a pid file whose number now belongs to another program is no obstacle', async () => {
  const first = await openEmbeddedPostgres({ dataDir: folder })
  const lines = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')
  await first.close()
  await writeFile(join(folder, 'postgres', 'postmaster.pid'), lines.replace(/^\d+/, String(process.pid)))
  const second = await openEmbeddedPostgres({ dataDir: folder })
  await second.close()
})

test('a first start that was interrupted leaves nothing behind for the next', async () => {
  await mkdir(join(folder, 'postgres.new-999999-1-abcdef'))
  const server = await openEmbeddedPostgres({ dataDir: folder })
  await server.close()
  expect(await readdir(folder)).toEqual(['postgres'])
})

test('a folder that cannot be written is one sentence', async () => {
  await writeFile(join(folder, 'file'), '')
  const opening = openEmbeddedPostgres({ dataDir: join(folder, 'file', 'data') })
  await expect(opening).rejects.toThrow(StartError)
  await expect(opening).rejects.toThrow(
    `The database cannot be kept in ${folder}/file/data: part of the path is a file; set DATA_DIR to another folder.`,
  )
})

test.runIf(process.platform === 'linux')('a folder that the system cannot make is one sentence too, and soon', async () => {
  await expect(openEmbeddedPostgres({ dataDir: '/proc/aristay/chat' })).rejects.toThrow(
    'The database cannot be kept in /proc/aristay/chat: the path does not exist and cannot be made; set DATA_DIR to another folder.',
  )
})

test('a cluster that PostgreSQL refuses is one sentence with its reason', async () => {
  const first = await openEmbeddedPostgres({ dataDir: folder })
  await first.close()
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '9\n')
  await expect(openEmbeddedPostgres({ dataDir: folder })).rejects.toThrow(
    /^PostgreSQL cannot start in .*: database files are incompatible with server/,
  )
})

test.runIf(process.getuid?.() === 0)('root lends the database of an ordinary user his identity', async () => {
  const first = await openEmbeddedPostgres({ dataDir: folder })
  await first.close()
  const { uid } = await stat(join(folder, 'postgres'))
  expect(uid).not.toBe(0)
  await chmod(folder, 0o700)
  const second = await openEmbeddedPostgres({ dataDir: folder })
  expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe(uid)
  await second.close()
})
