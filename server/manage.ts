import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Database, openDatabase } from '../db/open.ts'
import { insertProperty, insertTask } from '../db/queries/directory.ts'
import { raiseEpoch } from '../db/queries/heads.ts'
import { insertUser, listAccounts, updatePassword, updateUserActive } from '../db/queries/users.ts'
import { Integer, nameText, text, visibleText } from '../schemas/fields.ts'
import { Role } from '../schemas/users.ts'
import { hashPassword } from './passwords.ts'
import { fullName } from './presenters/users.ts'
import { rebuildSearchIndex } from './search-index.ts'

const usage = `Manages the directory of an AriStay Chat database.

  npm run manage -- <command> [arguments]

  create-user <username>      adds a user
      --password <password>   or --password-stdin: its first line; with neither, a password is made up and shown
      --email <address>  --first-name <name>  --last-name <name>
      --role superuser|manager|staff|viewer     staff, where it is not said
      --superuser             may administer everything
  set-password <username>     --password or --password-stdin as above; tokens given before stay good until they expire
  deactivate-user <username>  nobody signs in as this user, and whoever is signed in is put out within two seconds
  activate-user <username>
  list-users
  create-task <title>         --id <number>   where the id of another system is taken over
  create-property <name>      --id <number>
  raise-epoch                 after a restore that lost messages: every client loads anew
  reindex                     builds the index of search anew

The database is the one that DATABASE_URL names. Exit codes: 0 done, 1 not done, 2 not understood.
`

/** The arguments are not as the usage says. */
class UsageError extends Error {}
/** It was understood and cannot be done. */
class Refusal extends Error {}

const options = {
  password: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  email: { type: 'string' },
  'first-name': { type: 'string' },
  'last-name': { type: 'string' },
  role: { type: 'string' },
  superuser: { type: 'boolean' },
  id: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

type Options = ReturnType<typeof parse>['values']
type Command = {
  /** What its one argument is; undefined when it takes none. */
  argument?: string
  options: (keyof Options)[]
  /** Does it, and says so in one text. */
  run(db: Database, argument: string, values: Options): Promise<string>
}

const passwordOptions = ['password', 'password-stdin'] as const

// Relays learn what changes here from the session versions that they ask for every second: there is no need to reach their bus.
const commands: Record<string, Command> = {
  'create-user': {
    argument: 'username',
    options: [...passwordOptions, 'email', 'first-name', 'last-name', 'role', 'superuser'],
    run: createUser,
  },
  'set-password': { argument: 'username', options: [...passwordOptions], run: setPassword },
  'deactivate-user': { argument: 'username', options: [], run: (db, username) => setActive(db, username, false) },
  'activate-user': { argument: 'username', options: [], run: (db, username) => setActive(db, username, true) },
  'list-users': { options: [], run: listUsers },
  'create-task': { argument: 'title', options: ['id'], run: (db, title, { id }) => createEntry('task', insertTask, db, title, id) },
  'create-property': {
    argument: 'name',
    options: ['id'],
    run: (db, name, { id }) => createEntry('property', insertProperty, db, name, id),
  },
  reindex: { options: [], run: async (db) => `${await rebuildSearchIndex(db)} changes are in the index.` },
  'raise-epoch': { options: [], run: async (db) => `The epoch is ${await raiseEpoch(db)} now.` },
}

const Username = z.string().regex(/^[\p{L}\p{N}_.@+-]{1,150}$/u, 'A username is 1 to 150 letters, digits and @ . + - _')
const Password = text(1024).refine((value) => value.length >= 8, 'A password has at least 8 characters.')
const NewUser = z.object({
  email: z.union([z.literal(''), z.email('This is no e-mail address.').max(254)]),
  firstName: nameText(150),
  lastName: nameText(150),
  role: z.enum(Role.options, `A role is one of ${Role.options.join(', ')}.`),
})

async function createUser(db: Database, argument: string, values: Options): Promise<string> {
  const username = checked(Username, argument)
  const user = checked(NewUser, {
    email: values.email ?? '',
    firstName: values['first-name'] ?? '',
    lastName: values['last-name'] ?? '',
    role: values.role ?? (values.superuser ? 'superuser' : 'staff'),
  })
  const { password, shown } = await passwordOf(values)
  const passwordHash = await hashPassword(password)
  const id = await insertUser(db, { ...user, username, isSuperuser: values.superuser ?? false, isActive: true, passwordHash })
  if (id === undefined) throw new Refusal(`There is a user ${username} already.`)
  return `The user ${username} has the id ${id}.${shown}`
}

async function setPassword(db: Database, username: string, values: Options): Promise<string> {
  const { password, shown } = await passwordOf(values)
  const id = await updatePassword(db, username, await hashPassword(password))
  if (id === undefined) throw noSuchUser(username)
  return `The user ${username} has a new password.${shown}`
}

async function setActive(db: Database, username: string, isActive: boolean): Promise<string> {
  const id = await updateUserActive(db, username, isActive)
  if (id === undefined) throw noSuchUser(username)
  return `The user ${username} is ${isActive ? 'active' : 'inactive'} now.`
}

async function listUsers(db: Database): Promise<string> {
  const accounts = await listAccounts(db)
  const rows = accounts.map((account) => [
    String(account.id),
    account.username,
    account.isSuperuser ? `${account.role}, superuser` : account.role,
    account.isActive ? 'active' : 'inactive',
    fullName(account),
    account.email,
  ])
  return [['id', 'username', 'role', 'state', 'name', 'email'], ...rows].map((row) => row.join('\t')).join('\n')
}

async function createEntry(kind: string, insert: typeof insertTask, db: Database, argument: string, givenId?: string): Promise<string> {
  const name = checked(visibleText(255), argument)
  const id = givenId === undefined ? undefined : checked(Integer, givenId)
  if (id !== undefined && id < 1) throw new UsageError('An id is a positive integer.')
  const created = await insert(db, name, id)
  if (created === undefined) throw new Refusal(`There is a ${kind} with the id ${id} already.`)
  return `The ${kind} "${name}" has the id ${created}.`
}

async function passwordOf(values: Options): Promise<{ password: string; shown: string }> {
  if (values.password !== undefined && values['password-stdin']) throw new UsageError('Give --password or --password-stdin, not both.')
  const given = values['password-stdin'] ? await readLine() : values.password
  if (given !== undefined) return { password: checked(Password, given), shown: '' }
  const password = randomBytes(15).toString('base64url')
  return { password, shown: ` The password is ${password}` }
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) return line
  return ''
}

function noSuchUser(username: string): Refusal {
  return new Refusal(`There is no user ${username}.`)
}

function checked<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new UsageError([...(issue?.path ?? []), issue?.message].join(': '))
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

async function manage(args: string[]): Promise<string> {
  const { values, positionals } = parse(args)
  const [name, ...rest] = positionals
  if (values.help || name === 'help') return usage.trimEnd()
  if (name === undefined) throw new UsageError('Which command?')
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new UsageError(`There is no command ${name}.`)
  const [argument = ''] = rest
  if (command.argument && !argument) throw new UsageError(`${name} needs a ${command.argument}.`)
  if (rest.length > (command.argument ? 1 : 0)) throw new UsageError(`${name} takes no "${rest.at(-1)}". Put what has spaces in quotes.`)
  const foreign = Object.keys(values).find((option) => !command.options.some((known) => known === option))
  if (foreign) throw new UsageError(`${name} has no option --${foreign}.`)
  return withDatabase((db) => command.run(db, argument, values))
}

async function withDatabase(work: (db: Database) => Promise<string>): Promise<string> {
  const url = process.env.DATABASE_URL
  if (!url) throw new Refusal('Set DATABASE_URL to the database that is to be managed.')
  const database = openDatabase({ url, connections: 1 })
  try {
    return await work(database.db)
  } finally {
    await database.close()
  }
}

/** What went wrong, without the statement: its parameters can be a password's hash. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === '42P01') return 'The database has no tables yet: npm run db:migrate makes them.'
  const message = cause instanceof Error && cause.message ? cause.message : String(code ?? cause)
  return `The database refused: ${message}`
}

try {
  process.stdout.write(`${await manage(process.argv.slice(2))}\n`)
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${usage}`)
    process.exitCode = 2
  } else {
    process.stderr.write(`${error instanceof Refusal ? error.message : reasonOf(error)}\n`)
    process.exitCode = 1
  }
}
