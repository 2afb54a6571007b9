import { readdirSync, readFileSync } from 'node:fs'

/** Of the kernel's accounting; a hundred in every Linux. */
const ticksPerSecond = 100

type Usage = { parent: number; seconds: number }

/** CPU seconds so far of each process and of all that came from it: those that run, and those that have ended. */
export function cpuSeconds(roots: Record<string, number>): Record<string, number> {
  const usages = readUsages()
  return Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, ofTree(usages, root)]))
}

/** What was used between two readings, by process and in all. */
export function cpuBetween(
  before: Record<string, number>,
  after: Record<string, number>,
): { total: number; parts: Record<string, number> } {
  const parts = Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]))
  return { total: Object.values(parts).reduce((sum, seconds) => sum + seconds, 0), parts }
}

function ofTree(usages: Map<number, Usage>, root: number): number {
  if (!usages.has(root)) throw new Error(`process ${root} has ended`)
  let total = 0
  for (const [pid, { seconds }] of usages) if (descends(usages, pid, root)) total += seconds
  return total
}

function descends(usages: Map<number, Usage>, pid: number, root: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = usages.get(at)?.parent) if (at === root) return true
  return false
}

/** Who has just ended is left out: its parent has its time. */
function readUsages(): Map<number, Usage> {
  const usages = new Map<number, Usage>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readStat(name)
    if (stat) usages.set(Number(name), stat)
  }
  return usages
}

function readStat(pid: string): Usage | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number)
  const ticks = (user ?? 0) + (system ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0)
  return { parent: Number(fields[1]), seconds: ticks / ticksPerSecond }
}
