import fc from 'fast-check'
import type { Endpoint } from './endpoints.ts'
import { fieldsFrom } from './fields.ts'
import { idOf, knownId, oddJson, oddText } from './values.ts'

/** A request before it is written: `ids` and values may name what is known by then. */
export type Attack = {
  endpoint: Endpoint
  ids: string[]
  query: [string, string][]
  body: { kind: 'none' | 'json' | 'form' | 'multipart' | 'raw'; fields: [string, unknown][]; text: string; contentType: string }
  headers: Record<string, string>
  signedIn: boolean
}

/** Path segments as they go over the wire. */
const rawSegments = [
  '%00',
  '%ED%A0%80',
  '%',
  '%zz',
  '%2e%2e',
  '..%2f..%2f',
  '%2F',
  '%5C',
  'a%0d%0ab',
  '~',
  '*',
  '0',
  '-1',
  '1.5',
  '1e3',
  '9007199254740993',
  '9223372036854775808',
  '99999999999999999999',
  '2147483647',
  '2147483648',
]
/** Percent-encoded, as UTF-8 allows, and at most 4 000 characters. */
export const encode = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).slice(0, 4_000)

const pathId = (path: string) =>
  fc.oneof(
    { weight: 6, arbitrary: idOf(path.includes('rooms') ? 'room' : path.includes('messages') ? 'message' : 'participant') },
    { weight: 2, arbitrary: knownId },
    { weight: 2, arbitrary: fc.constantFrom(...rawSegments) },
    { weight: 1, arbitrary: oddText.map(encode) },
  )

const contentTypes = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'application/x-www-form-urlencoded',
  'application/json, text/html',
  'garbage',
  '',
  'application/merge-patch+json',
  'multipart/form-data; boundary=x',
]

const oddHeaders = fc.dictionary(
  fc.constantFrom(
    'accept',
    'range',
    'if-range',
    'if-none-match',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'forwarded',
    'host',
    'accept-encoding',
    'x-http-method-override',
    'cookie',
    'expect-ct',
    'content-encoding',
  ),
  fc.oneof(
    fc.constantFrom(
      'bytes=0-',
      'bytes=-1',
      'bytes=0-0,1-1',
      'bytes=9007199254740993-',
      '*',
      '127.0.0.1, ::1',
      'https',
      'evil.example.com',
      'a b',
      '[::',
      '%',
      'gzip',
      'DELETE',
      '',
      '"',
      'evil.example.com:99999',
    ),
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
  ),
  { maxKeys: 3 },
)

const body = (names: readonly string[]) =>
  fc.record({
    kind: fc.oneof(
      { weight: 9, arbitrary: fc.constant('json' as const) },
      { weight: 4, arbitrary: fc.constantFrom('none' as const, 'form' as const, 'multipart' as const, 'raw' as const) },
    ),
    fields: fieldsFrom(names),
    text: fc.oneof(oddJson, oddText),
    contentType: fc.constantFrom(...contentTypes),
  })

export function attackOn(endpoint: Endpoint): fc.Arbitrary<Attack> {
  return fc.record({
    endpoint: fc.constant(endpoint),
    ids: fc.tuple(
      ...endpoint.path
        .split('{')
        .slice(1)
        .map(() => pathId(endpoint.path)),
    ),
    query: fieldsFrom(endpoint.query.length > 0 ? endpoint.query : ['page', 'room', 'x']).map((fields) =>
      fields.map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
    body: body(endpoint.body),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, oddHeaders),
    signedIn: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  })
}
