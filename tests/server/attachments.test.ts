import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { eq } from 'drizzle-orm'
import Fastify from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { chatMessages, chatParticipants, chatRooms, users } from '../../db/schema.ts'
import { answerErrors } from '../../server/plugins/errors.ts'
import { attachmentRoutes } from '../../server/routes/attachments.ts'
import { openDiskStorage } from '../../server/storage/disk.ts'
import { createAttachmentLinks } from '../../server/storage/links.ts'
import type { Storage } from '../../server/storage/storage.ts'
import { validatorCompiler } from '../../server/validation.ts'
import { createFolder, openFilesIn } from '../support/folder.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { html } from '../support/sample-files.ts'
import { until } from '../support/until.ts'

const text = Buffer.from('0123456789')
const links = createAttachmentLinks({ signingKey: 'a signing key of at least 32 bytes' })
const app = Fastify().withTypeProvider<ZodTypeProvider>()
let folder: Awaited<ReturnType<typeof createFolder>>
let database: Awaited<ReturnType<typeof createTestDatabase>>
let opened: OpenDatabase
let storage: Storage
let url: string

beforeAll(async () => {
  folder = await createFolder()
  database = await createTestDatabase()
  opened = openDatabase({ url: database.url, connections: 2 })
  storage = await openDiskStorage(folder.path)
  app.setValidatorCompiler(validatorCompiler)
  answerErrors(app)
  attachmentRoutes(app, { db: opened.db, storage, links })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await app.close()
  await opened.close()
  await database.drop()
  await folder[Symbol.asyncDispose]()
})

type Shown = { name?: string; type?: string; bytes?: Buffer }

/** A message with a file in a room of its own, and the link of its only participant. */
async function shareFile({ name = 'photo.png', type = 'image/png', bytes = text }: Shown = {}) {
  const { db } = opened
  const { key, size } = await storage.store(Readable.from([bytes]), 100_000_000)
  const [user] = await db.insert(users).values({ username: randomUUID(), passwordHash: '-' }).returning({ id: users.id })
  const userId = user?.id ?? 0
  const [roomId, messageId] = [randomUUID(), randomUUID()]
  await db.insert(chatRooms).values({ id: roomId, roomType: 'group', lastSeq: 1, messageCount: 1 })
  await db.insert(chatParticipants).values({ roomId, userId })
  const now = '2026-11-24T12:00:00Z'
  const attachment = { attachmentKey: key, attachmentName: name, attachmentSize: size, attachmentType: type }
  await db
    .insert(chatMessages)
    .values({ id: messageId, roomId, seq: 1, content: '', messageType: 'file', createdAt: now, modifiedAt: now, ...attachment })
  return { key, roomId, userId, messageId, link: links.link(messageId, userId, url) }
}

async function get(link: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(link, { method, headers })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
}

test('an image is shown in place, harmless whatever is in it, and cached for its reader only', async () => {
  const { link, messageId } = await shareFile({ name: 'Küche.png', bytes: Buffer.concat([Buffer.from('GIF89a'), html]) })
  const { status, headers } = await get(link)
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': 'inline; filename="K_che.png"; filename*=UTF-8\'\'K%C3%BCche.png',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, max-age=0, must-revalidate',
    'accept-ranges': 'bytes',
    etag: `"${messageId}"`,
  })
})

test('anything else is offered for saving', async () => {
  const { link } = await shareFile({ name: 'report.pdf', type: 'application/pdf' })
  expect((await get(link)).headers['content-disposition']).toMatch(/^attachment; filename="report\.pdf"/)
})

test('HEAD tells what GET would, without the file', async () => {
  const { link } = await shareFile()
  const [head, whole] = [await get(link, { range: 'bytes=0-1' }, 'HEAD'), await get(link)]
  expect(head).toMatchObject({ status: 200, body: '' })
  for (const name of ['content-length', 'content-type', 'etag']) expect(head.headers[name]).toBe(whole.headers[name])
  expect(await openFilesIn(folder.path)).toEqual([])
})

test('a file that the client holds is not sent again, but who may see it is asked again', async () => {
  const { link, messageId, userId } = await shareFile()
  const held = { 'if-none-match': `"x", W/"${messageId}"` }
  expect(await get(link, held)).toMatchObject({ status: 304, body: '' })
  await opened.db.update(chatParticipants).set({ leftAt: '2026-11-24T12:00:00Z' }).where(eq(chatParticipants.userId, userId))
  expect(await get(link, held)).toMatchObject({ status: 404, body: '{"detail":"Not found."}' })
})

test.each([
  ['bytes=0-3', '0123', 'bytes 0-3/10'],
  ['bytes=4-', '456789', 'bytes 4-9/10'],
  ['bytes=-3', '789', 'bytes 7-9/10'],
  ['bytes=-300', '0123456789', 'bytes 0-9/10'],
  ['bytes=8-99999999', '89', 'bytes 8-9/10'],
])('the range %s is answered with %s', async (range, body, contentRange) => {
  const { link } = await shareFile()
  const answer = await get(link, { range })
  expect(answer).toMatchObject({ status: 206, body })
  expect(answer.headers).toMatchObject({ 'content-range': contentRange, 'content-length': String(body.length) })
})

test.each([
  'bytes=0-1,3-4',
  'bytes=0-,0-,0-',
  'bytes=5-2',
  'bytes=a-b',
  'bytes=-',
  'items=0-1',
  'bytes=0x1-2',
  `bytes=${'9'.repeat(400)}-`,
])('the range %s is not understood: the whole file', async (range) => {
  const { link } = await shareFile()
  expect(await get(link, { range })).toMatchObject({ status: 200, body: '0123456789' })
})

test.each(['bytes=10-', 'bytes=10-20', 'bytes=999999999999999-', 'bytes=-0'])('the range %s is not within the file', async (range) => {
  const { link } = await shareFile()
  const answer = await get(link, { range })
  expect(answer.status).toBe(416)
  expect(answer.headers['content-range']).toBe('bytes */10')
})

test('a range of another version is the whole file', async () => {
  const { link, messageId } = await shareFile()
  expect(await get(link, { range: 'bytes=0-1', 'if-range': `"${messageId}"` })).toMatchObject({ status: 206 })
  expect(await get(link, { range: 'bytes=0-1', 'if-range': '"other"' })).toMatchObject({ status: 200 })
})

test('an altered link, one of another message, or one without a signature is refused', async () => {
  const [mine, other] = [await shareFile(), await shareFile()]
  const refused = { status: 403, body: '{"detail":"This link has expired or is not valid."}' }
  expect(await get(mine.link.replace(`user=${mine.userId}`, `user=${other.userId}`))).toMatchObject(refused)
  expect(await get(mine.link.replace(mine.messageId, other.messageId))).toMatchObject(refused)
  expect(await get(`${mine.link}&user=${mine.userId}`)).toMatchObject(refused)
  expect(await get(mine.link.split('?')[0] ?? '')).toMatchObject(refused)
  const old = createAttachmentLinks({ signingKey: 'a signing key of at least 32 bytes', now: () => Date.now() - 31 * 60 * 60 * 1000 })
  expect(await get(old.link(mine.messageId, mine.userId, url))).toMatchObject(refused)
})

test.each<[string, (shared: Awaited<ReturnType<typeof shareFile>>) => Promise<unknown>]>([
  [
    'the message is deleted',
    ({ messageId }) => opened.db.update(chatMessages).set({ deletedAt: '2026-11-24T12:00:00Z' }).where(eq(chatMessages.id, messageId)),
  ],
  [
    'the reader is removed',
    ({ userId }) => opened.db.update(chatParticipants).set({ leftAt: '2026-11-24T12:00:00Z' }).where(eq(chatParticipants.userId, userId)),
  ],
  ['the reader is deactivated', ({ userId }) => opened.db.update(users).set({ isActive: false }).where(eq(users.id, userId))],
  [
    'the room is deleted',
    ({ roomId }) => opened.db.update(chatRooms).set({ deletedAt: '2026-11-24T12:00:00Z' }).where(eq(chatRooms.id, roomId)),
  ],
  ['the file is gone', ({ key }) => storage.delete(key)],
])('a link ends when %s', async (_, change) => {
  const shared = await shareFile()
  expect(await get(shared.link)).toMatchObject({ status: 200 })
  await change(shared)
  expect(await get(shared.link)).toMatchObject({ status: 404, body: '{"detail":"Not found."}' })
})

test.each(['42', '..%2f..%2fetc', '%00', 'x'.repeat(90)])('the malformed id %s is not found', async (id) => {
  expect(await get(`${url}/api/chat/attachments/${id}/?user=1&expires=1&signature=x`)).toMatchObject({ status: 404 })
})

test('a client that goes away in the middle leaves no descriptor open', async () => {
  const { link } = await shareFile({ bytes: Buffer.alloc(50_000_000) })
  const abort = new AbortController()
  const answer = await fetch(link, { signal: abort.signal })
  await answer.body?.getReader().read()
  expect(await openFilesIn(folder.path)).toHaveLength(process.platform === 'linux' ? 1 : 0)
  abort.abort()
  await until(async () => (await openFilesIn(folder.path)).length === 0)
  expect(await get(link, { range: 'bytes=0-0' })).toMatchObject({ status: 206 })
})
