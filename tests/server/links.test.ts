import { expect, test } from 'vitest'
import { createAttachmentLinks } from '../../server/storage/links.ts'

const id = '0193a3f0-0000-7000-8000-00000000abcd'
const origin = 'http://chat.test'
const hour = 60 * 60 * 1000
const start = Date.UTC(2026, 10, 24, 13, 5)

function linksAt(now: number, signingKey = 'a signing key of at least 32 bytes', publicUrl?: string) {
  return createAttachmentLinks({ signingKey, publicUrl, now: () => now })
}

function queryOf(link: string): Record<string, string> {
  return Object.fromEntries(new URL(link).searchParams)
}

const link = linksAt(start).link(id, 7, origin)

test('a link names its reader, for its message only, in any letter case of the id', () => {
  expect(new URL(link).pathname).toBe(`/api/chat/attachments/${id}/`)
  expect(linksAt(start).verify(id, queryOf(link))).toBe(7)
  expect(linksAt(start).verify(id.toUpperCase(), queryOf(link))).toBe(7)
  expect(linksAt(start).verify(id.replace('abcd', 'abce'), queryOf(link))).toBeUndefined()
})

test('a link is good for 24 hours at least and 30 at most', () => {
  expect(linksAt(start + 24 * hour).verify(id, queryOf(link))).toBe(7)
  expect(linksAt(start + 30 * hour).verify(id, queryOf(link))).toBeUndefined()
})

test('the same link is made again for a while', () => {
  expect(linksAt(start + hour).link(id, 7, origin)).toBe(link)
  expect(linksAt(start + 7 * hour).link(id, 7, origin)).not.toBe(link)
})

test('the configured address goes before the one of the request', () => {
  const links = linksAt(start, undefined, 'https://chat.example.com/')
  expect(links.link(id, 7, origin)).toMatch(/^https:\/\/chat\.example\.com\/api\/chat\//)
})

test('a link made with another key is refused', () => {
  expect(linksAt(start, 'another signing key, also 32 bytes').verify(id, queryOf(link))).toBeUndefined()
})

test.each<[string, (query: Record<string, string>) => unknown]>([
  ['another reader', (query) => ({ ...query, user: '8' })],
  ['a later end', (query) => ({ ...query, expires: String(Number(query.expires) + 1) })],
  ['a reader twice', (query) => ({ ...query, user: ['7', '7'] })],
  ['a signature twice', (query) => ({ ...query, signature: [query.signature, query.signature] })],
  ['another spelling of the reader', (query) => ({ ...query, user: '07' })],
  ['another spelling of the end', (query) => ({ ...query, expires: `${query.expires}.0` })],
  ['a number', (query) => ({ ...query, user: 7 })],
  ['padding', (query) => ({ ...query, signature: `${query.signature}=` })],
  ['a short signature', (query) => ({ ...query, signature: query.signature?.slice(0, 42) })],
  [
    'an altered signature',
    (query) => ({ ...query, signature: `${query.signature?.slice(0, 42)}${query.signature?.endsWith('A') ? 'B' : 'A'}` }),
  ],
  ['a foreign letter', (query) => ({ ...query, signature: 'é'.repeat(43) })],
  ['no signature', ({ signature: _, ...query }) => query],
  ['nothing', () => ({})],
  ['no query at all', () => undefined],
])('a link with %s is refused', (_, alter) => {
  expect(linksAt(start).verify(id, alter(queryOf(link)))).toBeUndefined()
})
