/** Runs the task now, unless it ran less than `pauseMs` ago: what happens a thousand times a second is worth one line of log, not a thousand. */
export function sparingly(pauseMs: number): (task: () => void) => void {
  let next = 0
  return (task) => {
    if (performance.now() < next) return
    next = performance.now() + pauseMs
    task()
  }
}
