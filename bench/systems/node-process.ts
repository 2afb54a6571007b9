import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { atExit } from '../../tests/chaos/parts/at-exit.ts'
import { until } from '../../tests/support/until.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

export type NodeProcess = { pid: number; close(): Promise<void> }

type Options = {
  /** Node's own arguments and the file it runs. */
  args: string[]
  environment: Record<string, string>
  /** Answers 200 when the process is ready. */
  readyUrl: string
  logFile: string
  /** Folder for its CPU profile. */
  profiles?: string | undefined
}

/** Resolves when it is ready. Closing is by SIGTERM, as in production. */
export async function startNode({ args, environment, readyUrl, logFile, profiles }: Options): Promise<NodeProcess> {
  const log = openSync(logFile, 'a')
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  const child = spawn(process.execPath, [...profiling, ...args], {
    cwd: repository,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  atExit(() => child.kill('SIGKILL'))
  await until(async () => hasEnded(child) || (await answers(readyUrl)), 60_000)
  if (hasEnded(child) || child.pid === undefined) throw new Error(`${args.at(-1)} ended: ${readFileSync(logFile, 'utf8')}`)
  return { pid: child.pid, close: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(late)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  await answer?.arrayBuffer().catch(() => undefined)
  return answer?.status === 200
}
