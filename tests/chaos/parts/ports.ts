import { freePort } from '../../../db/embedded/free-port.ts'

const taken = new Set<number>()

/** A free port that this process has not asked for before: parts keep theirs while they are down. */
export async function ownPort(): Promise<number> {
  const port = await freePort()
  if (taken.has(port)) return ownPort()
  taken.add(port)
  return port
}
