import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { readOptions, usage } from './options.ts'
import { judge, type Row, table } from './report.ts'
import type { Bench, Results } from './scenario.ts'
import { scenarios } from './scenarios.ts'

const options = readChecked()
if (!options) {
  for (const { name, title } of scenarios) process.stdout.write(`${name.padEnd(24)} ${title}\n`)
  process.exit(0)
}

const { only, json, ...chosen } = options
const unknown = only.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) end(`There is no scenario ${unknown.join(', ')}. --list shows them.`)

const begun = performance.now()
const bench: Bench = { ...chosen, say: (line) => process.stdout.write(`${elapsed()}  ${line}\n`) }
const rows: Row[] = []
const measured: { name: string; results: Results }[] = []
let failed = false

for (const scenario of scenarios.filter(({ name }) => only.length === 0 || only.includes(name))) {
  bench.say(`${scenario.name}: ${scenario.title}`)
  try {
    const results = await scenario.run(bench)
    measured.push({ name: scenario.name, results })
    rows.push(...judge(scenario, results))
  } catch (error) {
    failed = true
    bench.say(`${scenario.name} failed: ${error instanceof Error ? error.stack : error}`)
  }
}

await mkdir(dirname(resolve(json)), { recursive: true })
await writeFile(json, JSON.stringify({ machine: machine(), options, measured, rows }, null, 2))
process.stdout.write(`\n${table(rows)}\n\nFigures of every round: ${json}\n`)
process.exit(failed ? 1 : 0)

function readChecked() {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    return end(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
}

function end(text: string): never {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

function elapsed(): string {
  const seconds = Math.round((performance.now() - begun) / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`.padStart(6)
}

function machine() {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD']).stdout?.toString().trim()
  return { date: new Date().toISOString(), commit, node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
}
