import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFolder } from '../support/folder.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { until } from '../support/until.ts'

test('the server says in its log that it starts, that it is told to stop, and that it has stopped; its exit code is 0', async () => {
  await using folder = await createFolder()
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: database.url,
    REDIS_URL: 'redis://127.0.0.1:1',
    JWT_SIGNING_KEY: 'k'.repeat(32),
    RELAY_SECRET: 's'.repeat(32),
    ATTACHMENTS_DIR: join(folder.path, 'attachments'),
  }
  const server = spawn(process.execPath, ['--import', 'tsx', 'server/main.ts'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  let log = ''
  server.stderr.on('data', (text) => {
    log += text
  })
  const exited = new Promise<number | null>((resolve) => server.once('exit', resolve))
  await until(() => log.includes('"server started"'))
  server.kill('SIGTERM')
  expect(await exited).toBe(0)
  const said = log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  expect(said.filter(({ msg }) => msg.startsWith('server '))).toMatchObject([
    { msg: 'server started' },
    { msg: 'server stops', signal: 'SIGTERM' },
    { msg: 'server stopped' },
  ])
})
