import fc from 'fast-check'
import { idOf, oddValue } from './values.ts'

/** Values that are taken, so that requests come further than to the first refusal. */
const goodValues: Record<string, fc.Arbitrary<unknown>> = {
  room: idOf('room'),
  user: idOf('user'),
  sender: idOf('user'),
  content: fc.constantFrom('hello', 'another text', 'x'.repeat(10_000)),
  reply_to: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, idOf('message')),
  room_type: fc.constantFrom('direct', 'group', 'task', 'property'),
  message_type: fc.constantFrom('text', 'text', 'image', 'file', 'system'),
  participant_ids: fc.array(idOf('user'), { maxLength: 2 }),
  task: fc.oneof(fc.constant(null), idOf('task')),
  property: fc.oneof(fc.constant(null), idOf('property')),
  is_admin: fc.boolean(),
  muted: fc.boolean(),
  muted_until: fc.constantFrom(
    '2030-01-01T00:00:00Z',
    '2030-01-01T00:00:00.123456+02:00',
    '0000-01-01T00:00:00Z',
    '2030-01-01T00:00:00+23:59',
    '9999-12-31T23:59:59-23:59',
  ),
  client_id: fc.nat(2_000).map((number) => `client-${number}`),
  name: fc.constantFrom('a name', ''),
  page: fc.constantFrom('1', '2', 'last', '1000000000000000'),
  page_size: fc.constantFrom('1', '100', '1000'),
  search: fc.constantFrom('some', '%_%', 'thing'),
  q: fc.constantFrom('something', 'find', '"some thing" -x', '%_%_%'),
}
/** What nobody may set, in every body. */
const notTheirs = [
  'id',
  'seq',
  'sender',
  'created_at',
  'is_deleted',
  'read_by',
  'created_by',
  'last_seq',
  'left_at',
  'is_superuser',
  'participants',
  '__proto__',
  'constructor',
]

const goodFor = (name: string) => (Object.hasOwn(goodValues, name) ? goodValues[name] : undefined)

/** `oddity` in ten values are odd, and all those that nobody could guess. */
function fieldOf(name: string, oddity: number): fc.Arbitrary<[string, unknown]> {
  const good = goodFor(name) ?? oddValue
  const value = fc.oneof({ weight: 10 - oddity, arbitrary: good }, { weight: oddity, arbitrary: oddValue })
  return value.map((chosen): [string, unknown] => [name, chosen])
}

/** Every second time what is asked for, with an oddity here and there; else anything. */
export function fieldsFrom(names: readonly string[]): fc.Arbitrary<[string, unknown][]> {
  const sensible = fc.tuple(...names.filter(goodFor).map((name) => fieldOf(name, 1)))
  const wild = fc.shuffledSubarray([...names]).chain((some) => fc.tuple(...some.map((name) => fieldOf(name, 6))))
  const foreign = fc.array(
    fc.constantFrom(...notTheirs).chain((name) => fieldOf(name, 5)),
    { maxLength: 3 },
  )
  const own = fc.oneof(
    sensible,
    fc.subarray(names.filter(goodFor)).chain((some) => fc.tuple(...some.map((name) => fieldOf(name, 1)))),
    wild,
  )
  return fc.tuple(own, fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, foreign)).map(([some, others]) => [...some, ...others])
}
