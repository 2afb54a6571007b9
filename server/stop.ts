/** Closes in order, each part with its deadline; an error of one does not keep the others open. */
export async function closeAll(parts: readonly { close(): Promise<unknown> }[], deadline = 8_000): Promise<void> {
  for (const part of parts) {
    const late = new Promise<void>((resolve) => setTimeout(resolve, deadline).unref())
    await Promise.race([part.close().catch(() => {}), late])
  }
}

type Log = { info(facts: object, message: string): void; error(facts: object, message: string): void }

/** Runs `stop` once on SIGINT or SIGTERM and ends the process: 0 when it went well. Further signals change nothing. */
export function stopOnSignal(stop: () => Promise<void>, log?: Log): void {
  let stopping = false
  const end = (signal: NodeJS.Signals) => {
    if (stopping) return
    stopping = true
    log?.info({ signal }, 'server stops')
    stop().then(
      () => {
        log?.info({}, 'server stopped')
        process.exit(0)
      },
      (err: unknown) => {
        log?.error({ err }, 'server did not stop well')
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
}
