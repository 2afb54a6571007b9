import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { findProperty, findTask } from '../../db/queries/directory.ts'
import { findEpoch } from '../../db/queries/heads.ts'
import { findAccountByUsername } from '../../db/queries/users.ts'
import { verifyPassword } from '../../server/passwords.ts'
import { createDatabase, createTestDatabase, databaseUrl, dropDatabase } from '../support/postgres.ts'

const program = fileURLToPath(new URL('../../server/manage.ts', import.meta.url))

let database: OpenDatabase
let url: string
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  url = created.url
  drop = created.drop
  database = openDatabase({ url, connections: 2 })
})
afterAll(async () => {
  await database.close()
  await drop()
})

type Outcome = { code: number | string; out: string; err: string }

function manage(args: string[], { input = '', databaseUrl = url }: { input?: string; databaseUrl?: string } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: databaseUrl }
    const child = execFile(process.execPath, ['--import', 'tsx', program, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? (error.code ?? 'killed') : 0, out, err }),
    )
    child.stdin?.end(input)
  })
}

async function hashOf(username: string): Promise<string> {
  return (await findAccountByUsername(database.db, username))?.passwordHash ?? ''
}

test('a user is created with all that is said of him, once', async () => {
  const args = ['create-user', 'zoë.k', '--password', 'blue elephants', '--email', 'zoe@example.com', '--first-name', 'Zoë']
  const created = await manage([...args, '--last-name', 'Kühn', '--role', 'viewer'])
  expect(created).toEqual({ code: 0, out: expect.stringMatching(/^The user zoë\.k has the id \d+\.\n$/), err: '' })
  expect(await findAccountByUsername(database.db, 'zoë.k')).toMatchObject({
    email: 'zoe@example.com',
    firstName: 'Zoë',
    lastName: 'Kühn',
    role: 'viewer',
    isSuperuser: false,
    isActive: true,
  })
  expect(await verifyPassword('blue elephants', await hashOf('zoë.k'))).toEqual({ ok: true, renew: false })
  expect(await manage(args)).toEqual({ code: 1, out: '', err: 'There is a user zoë.k already.\n' })
})

test('a superuser whose password nobody gave gets one that is shown', async () => {
  const { code, out } = await manage(['create-user', 'root', '--superuser'])
  const password = /The password is (\S{20})\n$/.exec(out)?.[1] ?? ''
  expect(code).toBe(0)
  expect((await verifyPassword(password, await hashOf('root'))).ok).toBe(true)
  expect(await findAccountByUsername(database.db, 'root')).toMatchObject({ role: 'superuser', isSuperuser: true })
})

test('a password is set from standard input and not shown', async () => {
  await manage(['create-user', 'pat', '--password', 'the old password'])
  const changed = await manage(['set-password', 'pat', '--password-stdin'], { input: 'the new password\nand more\n' })
  expect(changed).toEqual({ code: 0, out: 'The user pat has a new password.\n', err: '' })
  expect((await verifyPassword('the new password', await hashOf('pat'))).ok).toBe(true)
  expect((await verifyPassword('the old password', await hashOf('pat'))).ok).toBe(false)
})

test('deactivating and activating raise the session version, by which relays notice', async () => {
  await manage(['create-user', 'sam', '--password', 'a long password'])
  const before = await findAccountByUsername(database.db, 'sam')
  expect((await manage(['deactivate-user', 'sam'])).out).toBe('The user sam is inactive now.\n')
  const inactive = await findAccountByUsername(database.db, 'sam')
  expect(inactive).toMatchObject({ isActive: false, sessionVersion: (before?.sessionVersion ?? 0) + 1 })
  expect((await manage(['list-users'])).out).toMatch(/^id\tusername\trole\tstate\tname\temail\n(.*\n)*\d+\tsam\tstaff\tinactive\tsam\t\n/)
  expect((await manage(['activate-user', 'sam'])).out).toBe('The user sam is active now.\n')
})

test('tasks and properties are created, also with a given id', async () => {
  expect((await manage(['create-task', ' Fix the sink ', '--id', '900'])).out).toBe('The task "Fix the sink" has the id 900.\n')
  expect(await manage(['create-task', 'Again', '--id', '900'])).toMatchObject({
    code: 1,
    err: 'There is a task with the id 900 already.\n',
  })
  expect((await manage(['create-task', 'Next'])).out).toBe('The task "Next" has the id 901.\n')
  expect(await findTask(database.db, 900)).toEqual({ id: 900, title: 'Fix the sink' })
  const { out } = await manage(['create-property', 'Hill House'])
  const id = Number(/(\d+)\.\n$/.exec(out)?.[1])
  expect(await findProperty(database.db, id)).toEqual({ id, name: 'Hill House' })
})

test('the epoch is raised', async () => {
  const before = await findEpoch(database.db)
  expect((await manage(['raise-epoch'])).out).toBe(`The epoch is ${before + 1} now.\n`)
  expect(await findEpoch(database.db)).toBe(before + 1)
})

test.concurrent.each([
  [[], 'Which command?'],
  [['fly'], 'There is no command fly.'],
  [['constructor'], 'There is no command constructor.'],
  [['create-user'], 'create-user needs a username.'],
  [['create-user', 'a', 'b'], 'create-user takes no "b".'],
  [['create-user', 'a b'], 'A username is 1 to 150 letters'],
  [['create-user', 'kim', '--role', 'king'], 'A role is one of'],
  [['create-user', 'kim', '--email', 'nowhere'], 'This is no e-mail address.'],
  [['create-user', 'kim', '--password', 'short'], 'A password has at least 8 characters.'],
  [['create-user', 'kim', '--password', 'long enough', '--password-stdin'], 'not both'],
  [['create-user', 'kim', '--fast'], "Unknown option '--fast'"],
  [['list-users', '--id', '3'], 'list-users has no option --id.'],
  [['create-task', 'x', '--id', '1.5'], 'A valid integer is required.'],
  [['create-task', 'x', '--id', '0'], 'An id is a positive integer.'],
  [['create-task', '   '], 'This field may not be blank.'],
])('%j is not understood: the reason, the usage, 2', async (args, reason) => {
  const { code, out, err } = await manage(args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(reason)
  expect(err).toContain('npm run manage -- <command>')
  expect(await findAccountByUsername(database.db, 'kim')).toBeUndefined()
})

test('help is no failure', async () => {
  expect(await manage(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('create-property <name>'), err: '' })
})

test('what cannot be done is said in one line: 1', async () => {
  expect(await manage(['set-password', 'nobody', '--password', 'long enough'])).toMatchObject({
    code: 1,
    err: 'There is no user nobody.\n',
  })
  expect(await manage(['list-users'], { databaseUrl: '' })).toMatchObject({
    code: 1,
    err: 'Set DATABASE_URL to the database that is to be managed.\n',
  })
  expect(await manage(['list-users'], { databaseUrl: 'postgres://x@127.0.0.1:1/x' })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^The database refused: .*ECONNREFUSED.*\n$/),
  })
})

test('a database without tables is told from a broken one', async () => {
  const server = inject('postgres').url
  const empty = await createDatabase(server)
  try {
    const { code, err } = await manage(['list-users'], { databaseUrl: databaseUrl(server, empty) })
    expect({ code, err }).toEqual({ code: 1, err: 'The database has no tables yet: npm run db:migrate makes them.\n' })
  } finally {
    await dropDatabase(server, empty)
  }
})
