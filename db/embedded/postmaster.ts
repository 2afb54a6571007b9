import { type ChildProcess, spawn } from 'node:child_process'
import { StartError } from '../start-error.ts'
import type { Binaries } from './binaries.ts'
import { postgresEnvironment } from './cluster.ts'
import { lendFolder } from './folders.ts'
import { inUse, OWNER_SETTING } from './former.ts'
import { freePort } from './free-port.ts'
import { type Account, ownMark, waitUntil } from './processes.ts'
import { watchOver } from './watcher.ts'

/** What it takes to run a cluster. */
export type Launch = {
  cluster: string
  dataDir: string
  binaries: Binaries
  account: Account | undefined
  settings: Record<string, string>
  log: (line: string) => void
}

/** A PostgreSQL that accepts connections. `stop` is a fast shutdown: open transactions are rolled back, committed ones are on disk. */
export type Postmaster = { port: number; stop: () => Promise<void> }

/** Starts PostgreSQL, again where the reason it gives is one that passes. */
export async function startPostmaster(launch: Launch): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = await spawnPostgres(launch, port)
    const lines = await untilReady(child, launch.log)
    if (lines === undefined) return { port, stop: stopper(child, launch.log) }
    if (attempt >= 30 || !(await passes(lines))) throw explain(launch, lines)
  }
}

async function spawnPostgres({ cluster, binaries, account, settings }: Launch, port: number): Promise<ChildProcess> {
  const lent = lendFolder(cluster, account)
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    log_line_prefix: '',
    log_checkpoints: 'off',
    log_min_error_statement: 'fatal',
    jit: 'off',
    ...settings,
    [OWNER_SETTING]: await ownMark(),
  }
  const args = ['-D', lent.name, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  try {
    // In a session of its own: Ctrl-C reaches every process of the terminal's, and PostgreSQL must outlive the requests that are being finished.
    return spawn(binaries.postgres, args, {
      ...account,
      cwd: '/',
      env: postgresEnvironment(),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', ...lent.fds],
    })
  } finally {
    lent.close()
  }
}

/** Resolves with nothing when connections are accepted, and with what PostgreSQL said when it ended instead. */
function untilReady(child: ChildProcess, log: (line: string) => void): Promise<string[] | undefined> {
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    const timer = setTimeout(() => {
      child.kill('SIGINT')
      reject(new StartError('PostgreSQL was not ready after 120 seconds; start again, it continues where it was.'))
    }, 120_000)
    const settle = (result: string[] | undefined) => {
      clearTimeout(timer)
      resolve(result)
    }
    let rest = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const whole = `${rest}${text}`.split('\n')
      rest = whole.pop() ?? ''
      for (const line of whole) log(line)
      if (lines.length < 100) lines.push(...whole)
      if (whole.some((line) => line.includes('ready to accept connections'))) settle(undefined)
    })
    child.on('error', (error) => settle([`FATAL:  ${error.message}`]))
    child.on('close', () => settle(lines))
  })
}

/** Waits out what passes by itself: someone took the port first, or backends of a killed PostgreSQL have not noticed yet. */
async function passes(lines: string[]): Promise<boolean> {
  const text = lines.join('\n')
  if (text.includes('could not create any TCP/IP sockets')) return true
  return text.includes('pre-existing shared memory block') && !(await waitUntil(() => false, 200))
}

function explain({ cluster, dataDir }: Launch, lines: string[]): StartError {
  const text = lines.join('\n')
  if (text.includes('lock file "postmaster.pid" already exists')) return inUse(dataDir)
  if (text.includes('No space left on device')) return new StartError(`PostgreSQL cannot start: the disk that holds ${cluster} is full.`)
  const reason = text.match(/(?:FATAL|PANIC|ERROR):\s+(.*)/)?.[1] ?? lines.at(-1) ?? 'it ended without a word'
  const detail = text.match(/DETAIL:\s+(.*)/)?.[1]
  return new StartError(`PostgreSQL cannot start in ${cluster}: ${reason}${detail ? ` (${detail})` : ''}.`)
}

function stopper(child: ChildProcess, log: (line: string) => void): () => Promise<void> {
  let stopped: Promise<void> | undefined
  const atExit = () => child.kill('SIGINT')
  process.once('exit', atExit)
  const endWatch = child.pid === undefined ? undefined : watchOver(child.pid)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  void ended.then(() => {
    process.removeListener('exit', atExit)
    endWatch?.()
    if (!stopped) log('PostgreSQL ended by itself')
  })
  child.unref()
  unrefStream(child)
  return () => {
    stopped ??= stopWithin(child, ended)
    return stopped
  }
}

/** Whoever forgets to close must still be able to end: neither PostgreSQL nor its log keeps Node alive. */
function unrefStream(child: ChildProcess): void {
  if (child.stderr && 'unref' in child.stderr && typeof child.stderr.unref === 'function') child.stderr.unref()
}

async function stopWithin(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  for (const [signal, milliseconds] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    child.kill(signal)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), milliseconds)
    })
    const first = await Promise.race([ended, late])
    clearTimeout(timer)
    if (first !== 'late') return
  }
}
