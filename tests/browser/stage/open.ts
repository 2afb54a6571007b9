import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { openEmbeddedPostgres } from '../../../db/embedded.ts'
import { type OpenDatabase, openDatabase } from '../../../db/open.ts'
import { insertUser } from '../../../db/queries/users.ts'
import { startAllInOne } from '../../../server/all-in-one.ts'
import { readAllInOneConfig } from '../../../server/config.ts'
import { hashPassword } from '../../../server/passwords.ts'
import { unlimited } from '../../support/limits.ts'
import { Person } from '../../support/person.ts'

export const stagePassword = 'a password for the stage'
export type Stage = Awaited<ReturnType<typeof openStage>>

/** The whole service on a new database of its own, and a browser: for programs that are no tests. */
export async function openStage(environment: Record<string, string> = {}) {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../deploy/build.mjs', import.meta.url)), '--page'], { stdio: 'inherit' })
  const dataDir = await mkdtemp(join(tmpdir(), 'aristay-stage-'))
  const postgres = await openEmbeddedPostgres({ dataDir })
  const shared = { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'fatal', ...unlimited }
  const config = readAllInOneConfig({ ...shared, DATABASE_URL: postgres.url, ...environment })
  const running = await startAllInOne(config, { demo: false })
  const database = openDatabase({ url: postgres.url, connections: 2 })
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  const passwordHash = await hashPassword(stagePassword)
  return {
    url: running.url,
    db: database.db,
    browser,
    person: (username: string, firstName: string, lastName: string) =>
      makePerson(database, running.url, { username, firstName, lastName, passwordHash }),
    async close() {
      await browser.close()
      await running.close()
      await database.close()
      await postgres.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

type Account = { username: string; firstName: string; lastName: string; passwordHash: string }

async function makePerson({ db }: OpenDatabase, url: string, account: Account): Promise<Person> {
  const { username } = account
  const email = `${username}@aristay.example`
  const id = await insertUser(db, { ...account, email, role: 'staff', isActive: true, isSuperuser: false })
  if (id === undefined) throw new Error(`the name ${username} is taken`)
  const person = new Person(url, id, username)
  await person.signIn(stagePassword)
  return person
}
