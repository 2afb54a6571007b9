const tasks: (() => void)[] = []
process.once('exit', () => {
  for (const task of tasks) task()
})

/** Does it when this process ends. One listener for all. */
export function atExit(task: () => void): void {
  tasks.push(task)
}
