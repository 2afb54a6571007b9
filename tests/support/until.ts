import { setTimeout as wait } from 'node:timers/promises'

/** Resolves as soon as the condition holds; for states that send no event. Looks every 5 ms. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition}`)
    await wait(5)
  }
}
