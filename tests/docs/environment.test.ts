import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../relay/config.ts'
import { readAllInOneConfig, readServerConfig } from '../../server/config.ts'

const secret = 'a secret of at least thirty-two bytes'

function readRelayConfig(environment: NodeJS.ProcessEnv) {
  const read = readConfig(environment)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read.config
}

const readers: Record<string, (environment: NodeJS.ProcessEnv) => Record<string, unknown>> = {
  server: readServerConfig,
  relay: readRelayConfig,
  'all in one': readAllInOneConfig,
}

/** Every variable of .env.example, those behind a # too. */
const example = new Map(
  [...read('.env.example').matchAll(/^#?([A-Z_]+)=(?:'([^']*)'|(\S*))$/gm)].map(([, name = '', quoted, bare]) => [
    name,
    quoted ?? bare ?? '',
  ]),
)

/** The rows of the README's table of variables. */
const table = new Map(
  [...read('README.md').matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \| ([^|]+) \|/gm)].map(([, name = '', readBy = '', usual = '']) => [
    name,
    { readBy: readBy.split(',').map((each) => each.trim()), usual: usual.trim() },
  ]),
)

/** As the two files of settings spell them. */
const inCode = new Set(
  ['server/config.ts', 'relay/config.ts'].flatMap((path) =>
    [...read(path).matchAll(/^ {2}([A-Z][A-Z_]+)[:,]/gm)].map(([, name = '']) => name),
  ),
)

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort()
}

test('.env.example and the table in the README have every variable, and no other', () => {
  expect(inCode.size).toBeGreaterThan(10)
  expect(sorted(example.keys())).toEqual(sorted(inCode))
  expect(sorted(table.keys())).toEqual(sorted(inCode))
})

describe.each(Object.entries(readers))('%s', (name, readEnvironment) => {
  const filled = Object.fromEntries([...example].map(([variable, value]) => [variable, value || secret]))

  test('takes every value of .env.example, once the secrets are filled in', () => {
    expect(() => readEnvironment(filled)).not.toThrow()
  })

  test('reads the variables that the README says it reads', () => {
    const said = [...table].filter(([, { readBy }]) => readBy.includes(name)).map(([variable]) => variable)
    expect(sorted(Object.keys(readEnvironment(filled)))).toEqual(sorted(said))
  })

  test('has the defaults that the README tells', () => {
    const required = requiredBy(name)
    for (const [variable, value] of Object.entries(readEnvironment(pick(filled, required)))) {
      if (value === undefined || required.includes(variable)) continue
      expect(`${variable} ${toldDefault(variable, name)}`).toBe(`${variable} ${[value].flat().join(',')}`)
    }
  })

  test('starts with what the README calls required, and not without one of it', () => {
    const required = requiredBy(name)
    expect(() => readEnvironment(pick(filled, required))).not.toThrow()
    for (const variable of required) {
      const others = required.filter((other) => other !== variable)
      expect(() => readEnvironment(pick(filled, others)), variable).toThrow(`${variable} is missing`)
    }
  })
})

/** "required; all in one: …" has a default there. */
function requiredBy(reader: string): string[] {
  const isRequired = ({ usual, readBy }: { usual: string; readBy: string[] }) =>
    readBy.includes(reader) && usual.startsWith('required') && !usual.includes(`${reader}:`)
  return [...table].filter(([, row]) => isRequired(row)).map(([variable]) => variable)
}

function pick(environment: Record<string, string>, names: string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((each) => [each, environment[each]]))
}

/** "`8000`, relay `8001`": its own one, or the first. `none` is the empty list. */
function toldDefault(variable: string, reader: string): string {
  const usual = table.get(variable)?.usual ?? ''
  if (usual === 'none') return ''
  const own = new RegExp(`${reader} \`([^\`]*)\``).exec(usual)
  return (own ?? /^`([^`]*)`/.exec(usual))?.[1] ?? 'is not told'
}
