import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// Shows where a process spent its time: node --import tsx bench/profile.ts <file.cpuprofile> [how many functions]

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  /** Microseconds before each sample. */
  timeDeltas: number[]
}

const repository = fileURLToPath(new URL('..', import.meta.url))
const idle = new Set(['(idle)', '(root)', '(program)'])
const [file, wanted = '25'] = process.argv.slice(2)
if (file === undefined) throw new Error('name a profile')

const profile: Profile = JSON.parse(readFileSync(file, 'utf8'))
const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
const times = new Map<string, number>()
for (const [index, id] of profile.samples.entries()) {
  const name = names.get(id) ?? '?'
  times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0))
}
const busy = [...times].filter(([name]) => !idle.has(name)).sort(([, one], [, other]) => other - one)
const total = busy.reduce((sum, [, time]) => sum + time, 0)
process.stdout.write(`busy ${(total / 1e6).toFixed(2)} s, of which by themselves:\n`)
for (const [name, time] of busy.slice(0, Number(wanted)))
  process.stdout.write(`${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}\n`)

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName
  const path = url.startsWith('file://') ? relative(repository, fileURLToPath(url)) : url
  return `${functionName || 'anonymous'}  ${path}:${lineNumber + 1}`
}
