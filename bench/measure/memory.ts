import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Node's arguments for a process whose memory is measured. It throws its garbage away when asked. Its young generation is small and does not
 * grow: left to itself, it takes up to 48 MB as it pleases, whatever is kept, and that is more than the sockets of a measurement.
 */
export const collectable: readonly string[] = [
  '--expose-gc',
  '--min-semi-space-size=1',
  '--max-semi-space-size=1',
  '--import',
  'data:text/javascript,process.on("SIGUSR2",()=>gc())',
]

/** Of a process that is `collectable`. Resolves when it is done. */
export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR2')
  await wait(1_000)
}

/** Bytes of memory that the process has to itself or shares. */
export function residentBytes(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^VmRSS:\s+(\d+) kB$/m)?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has no memory`)
  return Number(kilobytes) * 1_024
}
