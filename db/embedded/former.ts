import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../start-error.ts'
import { liveOwner, processStart, run, waitUntil } from './processes.ts'

/** The setting by which a running PostgreSQL tells, on its command line, which process of ours started it. */
export const OWNER_SETTING = 'aristay.owner'

/** What a cluster says whose owner is alive. */
export function inUse(dataDir: string, pid?: number): StartError {
  const who = pid === undefined ? 'another process' : `another process (${pid})`
  return new StartError(`The data in ${dataDir} is in use by ${who}; stop it, or set DATA_DIR to another folder.`)
}

/** Deals with the PostgreSQL that an earlier start left in the folder. Its owner alive: a StartError. Its owner gone (kill -9): it is stopped, its data is safe. */
export async function clearFormer(cluster: string, dataDir: string): Promise<void> {
  const pid = await readPid(cluster)
  if (pid === undefined) return
  const commandLine = await readCommandLine(pid)
  if ((await processStart(pid)) !== undefined && (await worksIn(pid, commandLine, cluster))) {
    const mark = commandLine.match(new RegExp(`${OWNER_SETTING}=(\\S+)`))?.[1]
    const owner = mark === undefined ? undefined : await liveOwner(mark)
    if (mark === undefined || owner !== undefined) throw inUse(dataDir, owner ?? pid)
    await stopOrphan(pid, cluster)
  }
  // PostgreSQL believes a pid file whose number exists, though it is a zombie's by now, or another program's.
  if (isTaken(pid) && (await readPid(cluster)) === pid) await rm(join(cluster, 'postmaster.pid'), { force: true })
}

async function stopOrphan(pid: number, cluster: string): Promise<void> {
  const gone = async () => (await processStart(pid)) === undefined
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (isTaken(pid)) process.kill(pid, signal)
    if (await waitUntil(gone, 8_000)) return
  }
  throw new StartError(`A PostgreSQL that an earlier start left behind (process ${pid}, in ${cluster}) does not stop; stop it by hand.`)
}

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function readPid(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  const pid = Number.parseInt(text, 10)
  return pid > 1 ? pid : undefined
}

async function readCommandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
  return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).output
}

/** PostgreSQL works inside of its cluster, so on Linux the folder itself tells, under whatever name it was started. */
async function worksIn(pid: number, commandLine: string, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return commandLine.includes(cluster)
  const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`).catch(() => undefined), stat(cluster)])
  return theirs?.ino === ours.ino && theirs.dev === ours.dev
}
