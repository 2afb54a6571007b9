// One at a time in a clone: two starts at once must not install or build over each other. Runs before anything is installed: nothing but Node's own modules here.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const clone = createHash('sha256').update(root).digest('hex').slice(0, 16)

/**
 * Does the work when no other start is at it in this clone. One whose process is gone, or that takes more than ten minutes, is not waited for.
 * The lock lies outside of the folders that the work empties.
 */
export async function alone(name, sentence, work) {
  const release = await takeLock(name, sentence)
  // The work may end the process, or be ended by Ctrl-C's signal.
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

async function takeLock(name, sentence) {
  const lock = join(tmpdir(), `aristay-${name}-${clone}`)
  const release = () => rmSync(lock, { recursive: true, force: true })
  for (let waited = 0; waited < 3000; waited++) {
    try {
      mkdirSync(lock)
      writeFileSync(join(lock, 'pid'), String(process.pid))
      return release
    } catch (error) {
      if (error.code !== 'EEXIST') return () => undefined
    }
    if (waited === 0) console.log(sentence)
    if (isAbandoned(lock, waited)) release()
    else await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return release
}

function isAbandoned(lock, waited) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0)
    return false
  } catch (error) {
    // Between making the folder and writing the pid there is a moment without one.
    return error.code === 'ESRCH' || (error.code === 'ENOENT' && waited > 10)
  }
}
