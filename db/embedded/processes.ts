import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** What a finished command left: its exit code (`undefined` when it could not be run at all) and everything it wrote. */
export type Finished = { code: number | undefined; output: string }

/** Runs a command to its end and never rejects: most callers ask a question whose answer is the exit code. */
export function run(command: string, args: string[], account?: Account): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(command, args, { ...account, cwd: '/', timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined
      resolve({ code, output: `${stdout}${stderr}` })
    })
  })
}

/** The operating system's user that PostgreSQL runs as, where it is not ours. */
export type Account = { uid: number; gid: number }

/** When a process began, in the system's own notation, or `undefined` when there is none. With the pid it names a process for ever: pids alone come back. */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
    return state === 'Z' ? undefined : fields[18]
  }
  const { code, output } = await run('ps', ['-o', 'lstart=', '-p', String(pid)])
  return code === 0 ? output.trim().replaceAll(/\W+/g, '_') : undefined
}

/** Names this process, for marks on disk and on command lines that outlive it. */
export async function ownMark(): Promise<string> {
  return `${process.pid}-${await processStart(process.pid)}`
}

/** The pid in a mark whose process still runs. */
export async function liveOwner(mark: string): Promise<number | undefined> {
  const [pid, start] = mark.split('-')
  return start !== undefined && (await processStart(Number(pid))) === start ? Number(pid) : undefined
}

/** Asks again every 20 ms, until the answer is yes or the time is over. */
export async function waitUntil(question: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds
  while (!(await question())) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
