import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEmbeddedPostgres } from '../db/embedded.ts'
import { makeFolder } from '../db/make-folder.ts'
import { type AllInOneConfig, ConfigError, readAllInOneConfig } from './config.ts'
import { explainStart } from './start.ts'
import { closeAll, stopOnSignal } from './stop.ts'
import type { Part, WholeOptions } from './whole.ts'

type AllInOne = { url: string; demoPassword: string | undefined; close(): Promise<void> }

/** Server and relay on one port and, unless DATABASE_URL names another, a database of their own: one process. What was opened before an error is closed again. */
export async function startAllInOne(config: AllInOneConfig, options: WholeOptions = {}): Promise<AllInOne> {
  const parts: Part[] = []
  const close = () => closeAll(parts.splice(0).reverse())
  try {
    const dataDir = resolve(config.DATA_DIR)
    await makeFolder(dataDir)
    // While the database starts, the rest of the program is loaded.
    const [databaseUrl, { openWhole }] = await Promise.all([config.DATABASE_URL ?? openOwnDatabase(dataDir, parts), import('./whole.ts')])
    return { ...(await openWhole({ config, options, databaseUrl, dataDir, parts })), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openOwnDatabase(dataDir: string, parts: Part[]): Promise<string> {
  const postgres = await openEmbeddedPostgres({ dataDir })
  parts.push(postgres)
  return postgres.url
}

function greeting({ url, demoPassword }: AllInOne): string {
  const demo = demoPassword ? [`A demo organisation is loaded: alice, bob, carol and dave, password ${demoPassword}.`] : []
  return [`AriStay Chat is running at ${url}/api/chat/`, ...demo, `API: ${url}/api/docs/   Stop with Ctrl-C.`, ''].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Whoever read the greeting may be gone, as in `npm start | head -1`; that must not end the service.
  process.stdout.on('error', () => undefined)
  try {
    let running: AllInOne | undefined
    const started = startAllInOne(readAllInOneConfig())
    stopOnSignal(async () => {
      running ??= await started
      await running.close()
    })
    running = await started
    process.stdout.write(greeting(running))
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : explainStart(error)}\n`)
    process.exit(1)
  }
}
