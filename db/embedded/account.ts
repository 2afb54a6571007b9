import { stat } from 'node:fs/promises'
import { StartError } from '../start-error.ts'
import { type Account, run } from './processes.ts'

/**
 * PostgreSQL refuses to run as root. Root lends it the identity of the database's owner, so that one made by an ordinary user stays usable by him, and
 * for a new database that of the user `postgres`, made here when missing. Everybody else runs it as himself: `undefined`.
 */
export async function chooseAccount(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return
  const owner = await stat(cluster).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const account = (await findAccount()) ?? (await createAccount())
  if (account) return account
  throw new StartError(
    'PostgreSQL does not run as root, and a user "postgres" could not be created; start as an ordinary user, or set DATABASE_URL.',
  )
}

async function findAccount(): Promise<Account | undefined> {
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])])
  if (uid.code !== 0 || gid.code !== 0) return
  return { uid: Number(uid.output), gid: Number(gid.output) }
}

async function createAccount(): Promise<Account | undefined> {
  await run('groupadd', ['--system', 'postgres'])
  await run('useradd', [
    '--system',
    '--gid',
    'postgres',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ])
  return findAccount()
}
