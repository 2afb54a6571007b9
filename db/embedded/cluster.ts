import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { StartError } from '../start-error.ts'
import type { Binaries } from './binaries.ts'
import { type LentFolder, lendFolder } from './folders.ts'
import { type Account, type Finished, liveOwner, ownMark } from './processes.ts'

/** The one role and database of an embedded PostgreSQL. */
export const ROLE = 'aristay'
const PASSWORD_FILE = 'aristay-password'

/** A cluster to be: `folder` is where it will stand; `durable: false` skips its fsyncs, for tests. */
export type NewCluster = { folder: string; binaries: Binaries; account: Account | undefined; durable: boolean }

/** Makes the cluster unless it is there. It appears under its name only when it is complete, so a first start that was interrupted leaves nothing half made. */
export async function ensureCluster(cluster: NewCluster): Promise<void> {
  if (await stat(join(cluster.folder, 'PG_VERSION')).catch(ignoreMissing)) return
  await removeAbandoned(cluster.folder)
  const workshop = await mkdtemp(`${cluster.folder}.new-${await ownMark()}-`)
  try {
    await build(cluster, workshop)
    await rename(join(workshop, 'cluster'), cluster.folder).catch(ignoreOccupied)
    await syncFolder(dirname(cluster.folder))
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** The role's password. Only PostgreSQL's account (and root) can read it. */
export function readPassword(folder: string): Promise<string> {
  return readFile(join(folder, PASSWORD_FILE), 'utf8')
}

async function build(cluster: NewCluster, workshop: string): Promise<void> {
  const passwordFile = join(workshop, PASSWORD_FILE)
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await chmod(workshop, 0o700)
  for (const path of [passwordFile, workshop]) if (cluster.account) await chown(path, cluster.account.uid, cluster.account.gid)
  const lent = lendFolder(workshop, cluster.account)
  try {
    await initialise(cluster, lent)
    await createDatabase(cluster, lent)
  } finally {
    lent.close()
  }
  await rename(passwordFile, join(workshop, 'cluster', PASSWORD_FILE))
}

/**
 * Collation and case mapping are PostgreSQL's own C.UTF-8: the same on every machine, right for every alphabet, and indexes survive an upgrade of the system.
 * Text search and pg_trgm ask the C library instead what a letter is, hence lc-ctype, whose Unicode name differs between systems.
 */
async function initialise(cluster: NewCluster, lent: LentFolder): Promise<void> {
  let finished: Finished = { code: undefined, output: '' }
  for (const ctype of ['C.UTF-8', 'en_US.UTF-8', 'C']) {
    const locale = ['--encoding=UTF8', '--locale=C', `--lc-ctype=${ctype}`, '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const access = [`--username=${ROLE}`, '--auth=scram-sha-256', `--pwfile=${lent.name}/${PASSWORD_FILE}`]
    const args = [`--pgdata=${lent.name}/cluster`, ...access, ...locale, ...(cluster.durable ? [] : ['--no-sync'])]
    finished = await runWith(cluster, cluster.binaries.initdb, args, lent)
    if (!finished.output.includes('invalid locale name')) break
  }
  if (finished.code !== 0) throw new StartError(`The database could not be created in ${cluster.folder}: ${complaint(finished)}.`)
}

async function createDatabase(cluster: NewCluster, lent: LentFolder): Promise<void> {
  const args = ['--single', '-D', `${lent.name}/cluster`, ...(cluster.durable ? [] : ['-F']), 'template1']
  const finished = await runWith(cluster, cluster.binaries.postgres, args, lent, `CREATE DATABASE ${ROLE}\n`)
  if (finished.code !== 0 || /\bERROR:/.test(finished.output)) {
    throw new StartError(`The database could not be created in ${cluster.folder}: ${complaint(finished)}.`)
  }
}

function runWith(cluster: NewCluster, command: string, args: string[], lent: LentFolder, input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...cluster.account,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe', ...lent.fds],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stdin?.on('error', () => undefined).end(input)
    child.on('error', (error) => resolve({ code: undefined, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? undefined, output }))
  })
}

/** Nothing of the caller's PG… variables or locale: they would change what PostgreSQL does. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, SystemRoot } = process.env
  return { PATH, TMPDIR, SystemRoot, TZ: 'UTC' }
}

/** The line of PostgreSQL's output that says why, without its label. */
function complaint({ output }: Finished): string {
  const lines = output.trim().split('\n')
  const line = lines.find((text) => /error:|fatal:|panic:/i.test(text)) ?? lines.at(-1) ?? ''
  return line.replace(/^.*?(?:error|fatal|panic):\s*/i, '').replace(/\.$/, '')
}

async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.new-`
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(prefix) || (await liveOwner(name.slice(prefix.length)))) continue
    await rm(join(dirname(folder), name), { recursive: true, force: true })
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function ignoreOccupied(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
}
