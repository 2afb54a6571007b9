// Runs before every npm script, in a fresh clone before anything is installed: nothing but Node's own modules here.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './lock.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (!isInstalled()) {
  await alone('install', 'Another start installs packages here; waiting for it …', () => {
    if (!isInstalled()) install()
  })
}
// npm does so after an install; here for packages that were installed before there was anything to repair.
await import('./patch-postgres.mjs')

/** Whether node_modules holds what package-lock.json asks for, by npm's own list of what it installed, which it writes last. Whoever installed it: by hand is fine. */
function isInstalled() {
  const wanted = readPackages('package-lock.json')
  const present = readPackages('node_modules/.package-lock.json')
  if (!wanted) fail('package-lock.json cannot be read; is this the whole repository?')
  if (!present) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    const found = present[path]
    return found ? found.version === entry.version && found.integrity === entry.integrity : Boolean(entry.optional)
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  console.log('Installing packages (once, and again when package-lock.json changes) …')
  const [command, ...first] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error', '--no-progress']
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0) return
  fail(`The packages could not be installed: ${explain(error?.message ?? `${stderr}\n${stdout}`)}`)
}

/** npm's lines that say why: without its code, stack and log file. */
function explain(output) {
  const code = output.match(/npm (?:error|ERR!) code (\S+)/)?.[1]
  if (code === 'EACCES' || code === 'EPERM')
    return 'node_modules cannot be written, it may belong to another user; delete it, or run "npm ci" as its owner.'
  if (code === 'ENOSPC') return 'the disk is full.'
  if (['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'].includes(code))
    return 'the npm registry cannot be reached; check the network and start again.'
  const lines = output.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
  return lines.find((line) => line && !/^(code|errno|syscall|path|stack) /.test(line)) ?? 'npm ci failed without a word; run it by hand.'
}

function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
