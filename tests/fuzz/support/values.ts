import fc from 'fast-check'

/** A fixed run unless FUZZ_SEED says otherwise; fast-check prints it with the counterexample. */
export const seed = Number(process.env.FUZZ_SEED ?? 20_260_101)
export const runs = Number(process.env.FUZZ_RUNS ?? 5_000)

/** Stand-ins for ids that exist only while the test runs: `@room:3` becomes the id of a room of the attacker. */
export type Known = Record<string, readonly (string | number)[]>

/** Puts the ids in place, at any depth. */
export function resolve(value: unknown, known: Known): unknown {
  if (typeof value === 'string') return resolveText(value, known)
  if (Array.isArray(value)) return value.map((item) => resolve(item, known))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, resolve(inner, known)] as const)
  // fromEntries, unlike an assignment, keeps `__proto__` as a name like any other.
  return Object.fromEntries(entries)
}

function resolveText(text: string, known: Known): string | number {
  const [, kind = '', number] = /^@(\w+):(\d+)$/.exec(text) ?? []
  const ids = known[kind] ?? []
  return ids[Number(number) % ids.length] ?? text
}

export const idOf = (...kinds: string[]) => fc.tuple(fc.constantFrom(...kinds), fc.nat(199)).map(([kind, number]) => `@${kind}:${number}`)
export const knownId = idOf('room', 'message', 'foreignRoom', 'foreignMessage', 'user', 'participant', 'foreignParticipant')

export const oddNumbers = [
  0, -0, -1, 1.5, 1e3, 1e21, -2_147_483_648, 2_147_483_648, 9_007_199_254_740_991, 9_007_199_254_740_992, 1e308, 5e-324,
]

export const oddTexts = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e3',
  '-0',
  '9007199254740993',
  '9223372036854775808',
  '1000000000000000',
  'NaN',
  'Infinity',
  'null',
  'true',
  'undefined',
  '\0',
  'a\0b',
  '\ud800',
  'a\udc00b',
  '\u202Egnp.exe\u202C',
  '\u200B\u200B\u2060',
  `e${'\u0301'.repeat(4_000)}`,
  '%',
  '%_%_%',
  "' OR 1=1 --",
  "'; DROP TABLE users; --",
  '(a+)+$',
  '!&|:*()',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '../../../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'last',
  '-created_at',
  'system',
  'direct',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '0001-01-01T00:00:00+23:59',
  '2026-02-29T00:00:00Z',
  '2026-02-28T24:00:00Z',
  '2026-02-28T12:00:60Z',
  '2026-02-28',
  '-271821-04-20T00:00:00Z',
  'x'.repeat(256),
  'x'.repeat(10_001),
  '\u{1F600}'.repeat(10_000),
  '\u{1F600}'.repeat(40),
]

export const oddText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
)

const badNames = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length', 'then', '']

/** Objects that answer to what JavaScript asks of objects. */
const trap = fc
  .tuple(fc.constantFrom(...badNames), fc.constantFrom(...badNames), fc.constantFrom(1, null, 'x', true))
  .map(([one, other, value]) =>
    Object.fromEntries([
      [one, value],
      [other, { [one]: value }],
    ]),
  )

const nested = fc.tuple(fc.constantFrom(50, 1_000), fc.boolean()).map(([depth, inList]) => deep(depth, inList))

function deep(depth: number, inList: boolean): unknown {
  let value: unknown = 'x'
  for (let level = 0; level < depth; level++) value = inList ? [value] : { a: value }
  return value
}

/** Any value of JSON, mostly the troublesome ones. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: oddText },
  { weight: 4, arbitrary: knownId },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...oddNumbers) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null]) },
  { weight: 2, arbitrary: trap },
  { weight: 1, arbitrary: fc.array(fc.oneof(knownId, oddText, fc.constantFrom<unknown>(...oddNumbers)), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: nested },
)

/** Text that is JSON as nobody writes it, or almost JSON. */
export const oddJson = fc.constantFrom(
  '{',
  '[]',
  'null',
  '1e3',
  '-0',
  '"text"',
  '{"a":1,}',
  '{"id":9007199254740993,"user":9007199254740993,"room":9007199254740993}',
  '{"__proto__":{"is_admin":true},"name":"x"}',
  '{"constructor":{"prototype":{"is_admin":true}}}',
  '{"content":"one","content":"two"}',
  '{"content":"\\ud800","room":"\\u0000"}',
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `{"room_type":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  `{"content":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  `{"participant_ids":[${'1,'.repeat(20_000)}1]}`,
  '\ufeff{}',
  '{"is_active":1e3,"page":1e999}',
)
