import { createHash } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from '../../db/make-folder.ts'

/** No upload takes so long: requests have a time limit far below. */
const abandonedAfterMs = 60 * 60 * 1000

/** The half written files. Other processes, on other machines too, may write into the same folder at the same time. */
export type Incoming = { path(key: string): string; sweep(): Promise<void> }

/** Creates the folder. */
export async function openIncoming(folder: string): Promise<Incoming> {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 12)
  await makeFolder(folder)

  const isAbandoned = async (name: string) => {
    const [owner, pid] = name.split('-')
    if (owner === machine && !isRunning(Number(pid))) return true
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (!found) return false
    const bornBefore = owner === machine && Number(pid) === process.pid ? processStart() : Date.now() - abandonedAfterMs
    return found.mtimeMs < bornBefore
  }

  return {
    path: (key) => join(folder, `${machine}-${process.pid}-${key}`),
    sweep: async () => {
      for (const name of await readdir(folder)) {
        if (await isAbandoned(name)) await rm(join(folder, name), { force: true })
      }
    },
  }
}

/** A file that bears this process's number and is older was left by another one, as is usual in containers. */
function processStart(): number {
  return Date.now() - process.uptime() * 1000
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
