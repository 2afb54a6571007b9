import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { chooseAccount } from './embedded/account.ts'
import { locateBinaries } from './embedded/binaries.ts'
import { ensureCluster, ROLE, readPassword } from './embedded/cluster.ts'
import { folderError } from './embedded/folders.ts'
import { clearFormer } from './embedded/former.ts'
import { startPostmaster } from './embedded/postmaster.ts'
import { makeFolder } from './make-folder.ts'

/** Options of an embedded PostgreSQL: `log` gets its log line by line, `settings` are those of postgresql.conf. */
export type EmbeddedOptions = { dataDir: string; log?: (line: string) => void; settings?: Record<string, string> }

/** A running PostgreSQL of our own. `close` shuts it down, within 17 s at worst, and may be called twice. */
export type EmbeddedPostgres = { url: string; close: () => Promise<void> }

/**
 * Starts the PostgreSQL that npm installed on a free port of 127.0.0.1, with its data in `<dataDir>/postgres`, made on the first start. One that a killed process
 * left running there is stopped first. Data and durability are those of production: only `settings` can weaken them.
 *
 * @throws StartError when the folder, the platform or another process is in the way
 */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log = () => undefined, settings = {} } = options
  const wanted = resolve(options.dataDir)
  try {
    await makeFolder(wanted)
    const dataDir = await realpath(wanted)
    const cluster = join(dataDir, 'postgres')
    const account = await chooseAccount(cluster)
    const binaries = await locateBinaries(account)
    await ensureCluster({ folder: cluster, binaries, account, durable: settings.fsync !== 'off' })
    await clearFormer(cluster, dataDir)
    const password = await readPassword(cluster)
    const { port, stop } = await startPostmaster({ cluster, dataDir, binaries, account, settings, log })
    return { url: `postgres://${ROLE}:${password}@127.0.0.1:${port}/${ROLE}`, close: stop }
  } catch (error) {
    throw folderError(wanted, error)
  }
}
