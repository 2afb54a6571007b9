// Builds what `npm start` runs and production deploys: the page into public/dist, the program with its migrations, the page and
// its bundle into dist.
// Only where that is missing or older than its sources; `--always` builds in any case, `--page` the page alone.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './lock.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const settings = [
  ...['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'vite.config.ts'],
  ...['build.mjs', 'bundle.mjs', 'shell.ts'].map((name) => `deploy/${name}`),
]
const page = { built: 'public/dist/index.html', sources: [...settings, 'public'], build: buildPage }
/** Its mark is written last: a build that was cut off is made again. */
const program = { built: 'dist/.built', sources: [...page.sources, 'schemas', 'db', 'server', 'relay'], build: buildProgram }

const always = process.argv.includes('--always')
const parts = process.argv.includes('--page') ? [page] : [page, program]
if (always || parts.some(isOld)) {
  await alone('build', 'Another start builds here; waiting for it …', async () => {
    for (const part of parts) if (always || isOld(part)) await part.build()
  })
}

async function buildPage() {
  // Whoever asks, a test runner too, gets the page that users get: without this, Vite makes one for developers, three times as large.
  process.env.NODE_ENV = 'production'
  const { build } = await import('vite')
  await build({ configFile: join(root, 'vite.config.ts') })
}

async function buildProgram() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
  copy('db/migrations')
  copy('public/dist')
  const { bundle } = await import('./bundle.mjs')
  await bundle({ 'all-in-one': 'dist/server/all-in-one.js' }, 'dist/start')
  writeFileSync(join(root, program.built), '')
}

/** A file that was renamed must not stay behind under its old name. */
function copy(folder) {
  rmSync(join(root, 'dist', folder), { recursive: true, force: true })
  cpSync(join(root, folder), join(root, 'dist', folder), { recursive: true })
}

function isOld({ built, sources }) {
  const since = newest(join(root, built))
  return since === 0 || sources.some((source) => newest(join(root, source)) > since)
}

/** When the newest file of a folder, or the file, changed; what is built does not count. */
function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return found?.mtimeMs ?? 0
  const inside = readdirSync(path).filter((name) => name !== 'dist')
  return Math.max(found.mtimeMs, ...inside.map((name) => newest(join(path, name))))
}
