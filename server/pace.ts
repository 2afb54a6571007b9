import { setTimeout as wait } from 'node:timers/promises'

/** Does the work, and resolves when it is done, but not sooner than so many milliseconds after its beginning. Rejects as the work does, at once. */
export async function paced(ms: number, work: () => Promise<void>): Promise<void> {
  const begun = performance.now()
  await work()
  const early = ms - (performance.now() - begun)
  if (early > 0) await wait(early)
}
