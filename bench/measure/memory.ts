import { readFileSync } from 'node:fs'

/** Bytes of memory that the process has to itself or shares. */
export function residentBytes(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^VmRSS:\s+(\d+) kB$/m)?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has no memory`)
  return Number(kilobytes) * 1_024
}
