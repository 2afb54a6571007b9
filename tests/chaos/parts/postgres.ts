import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import postgres from 'postgres'
import { chooseAccount } from '../../../db/embedded/account.ts'
import { type Binaries, locateBinaries } from '../../../db/embedded/binaries.ts'
import { ensureCluster, postgresEnvironment, ROLE, readPassword } from '../../../db/embedded/cluster.ts'
import { lendFolder } from '../../../db/embedded/folders.ts'
import type { Account } from '../../../db/embedded/processes.ts'
import { until } from '../../support/until.ts'
import { atExit } from './at-exit.ts'
import { ownPort } from './ports.ts'

/** A PostgreSQL that may be killed and comes back on its port, with every fsync of production. */
export type PostgresServer = {
  url: string
  /** Of the process that started last. */
  pid(): number
  /** kill -9 of the postmaster; what it had started notices and ends. */
  kill(): Promise<void>
  /** A fast shutdown: transactions are rolled back, connections are ended. */
  stop(): Promise<void>
  /** Resolves when queries are answered. */
  start(): Promise<void>
  isUp(): Promise<boolean>
}

type Settings = Record<string, string | number>
type Cluster = { folder: string; binaries: Binaries; account: Account | undefined; port: number; settings: Settings }

export async function openPostgres(dataDir: string, settings: Settings = {}): Promise<PostgresServer> {
  const folder = join(dataDir, 'postgres')
  const account = await chooseAccount(folder)
  const binaries = await locateBinaries(account)
  await ensureCluster({ folder, binaries, account, durable: true })
  const cluster = { folder, binaries, account, port: await ownPort(), settings }
  const url = `postgres://${ROLE}:${await readPassword(folder)}@127.0.0.1:${cluster.port}/${ROLE}`
  let child: ChildProcess | undefined
  atExit(() => child?.kill('SIGKILL'))

  async function end(signal: NodeJS.Signals) {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await gone
  }

  /** Backends of a killed postmaster hold its shared memory for a moment: then this one ends, and the next is tried. */
  async function start() {
    await until(async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) child = spawnPostgres(cluster)
      return answers(url)
    }, 60_000)
  }

  await start()
  return { url, pid: () => child?.pid ?? 0, kill: () => end('SIGKILL'), stop: () => end('SIGINT'), start, isUp: () => answers(url) }
}

function spawnPostgres({ folder, binaries, account, port, settings }: Cluster): ChildProcess {
  const lent = lendFolder(folder, account)
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 80,
    jit: 'off',
    max_wal_size: '512MB',
    ...settings,
  }
  const args = ['-D', lent.name, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  try {
    return spawn(binaries.postgres, args, {
      ...account,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', ...lent.fds],
    })
  } finally {
    lent.close()
  }
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined })
  const answer = sql`select 1`.then(
    () => true,
    () => false,
  )
  return answer.finally(() => sql.end({ timeout: 1 }).catch(() => undefined))
}
