import { execFile } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const bundles = join('dist', 'chaos')
const folder = join(bundles, String(process.pid))

/** What the pods run, by name: the production entries and those of the harness. */
const sources = {
  server: 'server/main.ts',
  relay: 'relay/main.ts',
  'harness-server': 'tests/chaos/entries/server.ts',
  'harness-relay': 'tests/chaos/entries/relay.ts',
} as const
export type ProgramName = keyof typeof sources

let built: Promise<unknown> | undefined

/** The path of the program. All are bundled once for this process, as `npm start` is: what is killed all the time has to be back soon. */
export async function locateProgram(name: ProgramName): Promise<string> {
  built ??= build()
  await built
  return join(root, folder, `${name}.js`)
}

function build() {
  sweep()
  const programs = Object.entries(sources).map(([name, source]) => `${name}=${source}`)
  return promisify(execFile)(process.execPath, [join(root, 'deploy', 'bundle.mjs'), folder, ...programs])
}

/** Test runners end their workers without a word, so each build removes those of processes that are gone. */
function sweep() {
  const all = join(root, bundles)
  const gone = names(all).filter((pid) => !isAlive(Number(pid)))
  for (const pid of gone) rmSync(join(all, pid), { recursive: true, force: true })
}

function names(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
