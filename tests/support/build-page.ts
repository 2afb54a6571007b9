import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../deploy/build.mjs', import.meta.url))

/** The page as its sources are now: a server under test serves it. */
export function buildPage(): void {
  execFileSync(process.execPath, [program, '--page'], { stdio: 'inherit' })
}
