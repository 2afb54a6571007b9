// The last step of `npm run build`: what the compiled program reads beside its code, and the page.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const from = join(root, 'db', 'migrations')
const to = join(root, 'dist', 'db', 'migrations')

if (!existsSync(from)) throw new Error(`there are no migrations in ${from}`)
// A migration that was renamed must not stay behind under its old name.
rmSync(to, { recursive: true, force: true })
cpSync(from, to, { recursive: true })

const page = join(root, 'public', 'dist')
if (!existsSync(join(page, 'index.html'))) throw new Error(`there is no page in ${page}`)
rmSync(join(root, 'dist', 'public'), { recursive: true, force: true })
cpSync(page, join(root, 'dist', 'public', 'dist'), { recursive: true })
