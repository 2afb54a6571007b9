// Builds the chatbox into public/dist, where that is missing or older than its sources. `--always` builds in any case.
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const page = join(root, 'public', 'dist', 'index.html')

/** Builds in this process: about a second. */
export async function buildPage({ always = false } = {}) {
  if (!always && !isOld()) return
  const { build } = await import('vite')
  await build({ configFile: join(root, 'vite.config.ts') })
}

function isOld() {
  const built = changedAt(page)
  const single = ['vite.config.ts', 'package-lock.json'].map((file) => join(root, file))
  return [...single, ...sources(join(root, 'public'))].some((file) => changedAt(file) > built)
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) return [path]
    return entry.name === 'dist' ? [] : sources(path)
  })
}

function changedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage({ always: process.argv.includes('--always') })
