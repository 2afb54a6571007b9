import { asc, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../db/open.ts'
import { findProperty, findTask, insertProperty, insertTask } from '../../db/queries/directory.ts'
import { moveReadPointer } from '../../db/queries/reads.ts'
import { insertMessages } from '../../db/queries/sends.ts'
import { findAccountByUsername, listAccounts } from '../../db/queries/users.ts'
import { chatEvents, chatMessages, chatParticipants, chatReads, chatRooms } from '../../db/schema.ts'
import { demoPassword, loadDemo } from '../../server/demo.ts'
import { verifyPassword } from '../../server/passwords.ts'
import { createTestDatabase } from '../support/postgres.ts'

let database: OpenDatabase
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url })
})
afterAll(async () => {
  await database.close()
  await drop()
})

test('of two who load the demo at once, one does, and nothing is there twice', async () => {
  const loaded = await Promise.all([loadDemo(database.db), loadDemo(database.db)])
  expect(loaded.toSorted()).toEqual([false, true])
  expect(await loadDemo(database.db)).toBe(false)
  const accounts = await listAccounts(database.db)
  expect(accounts.map((account) => [account.username, account.role, account.isActive])).toEqual([
    ['alice', 'manager', true],
    ['bob', 'staff', true],
    ['carol', 'staff', true],
    ['dave', 'viewer', true],
    ['ivan', 'staff', false],
  ])
})

test('everybody has the demo password, in a hash that needs no renewing', async () => {
  for (const username of ['alice', 'bob', 'carol', 'dave', 'ivan']) {
    const account = await findAccountByUsername(database.db, username)
    expect(await verifyPassword(demoPassword, account?.passwordHash ?? '')).toEqual({ ok: true, renew: false })
  }
})

test('task 42 and property 7 are there, and the next ones come after them', async () => {
  expect(await findTask(database.db, 42)).toEqual({ id: 42, title: 'Deep clean' })
  expect(await findProperty(database.db, 7)).toEqual({ id: 7, name: 'Ocean View' })
  expect(await insertTask(database.db, 'Windows')).toBe(43)
  expect(await insertProperty(database.db, 'Hill House')).toBe(8)
  expect(await insertTask(database.db, 'Garden', 40)).toBe(40)
  expect(await insertTask(database.db, 'Pool')).toBe(44)
})

test('rooms, messages and read pointers agree with each other', async () => {
  const rooms = await database.db.select().from(chatRooms).orderBy(asc(chatRooms.roomType))
  expect(rooms.map((room) => [room.roomType, room.name])).toEqual([
    ['direct', ''],
    ['group', 'Ocean View turnover'],
  ])
  expect(await database.db.$count(chatEvents)).toBe(0)
  for (const room of rooms) {
    const messages = await database.db.select().from(chatMessages).where(eq(chatMessages.roomId, room.id)).orderBy(chatMessages.seq)
    const newest = messages.at(-1)
    expect(messages.map((message) => message.seq)).toEqual(messages.map((_, index) => index + 1))
    expect(room).toMatchObject({ lastSeq: messages.length, messageCount: messages.length, lastMessageId: newest?.id })
    expect(room.modifiedAt).toBe(newest?.createdAt)
    const moments = [room.createdAt, ...messages.map((message) => message.createdAt)]
    expect(moments).toEqual(moments.toSorted())
    const ids = messages.map((message) => message.id)
    expect(ids).toEqual(ids.toSorted())
    const participants = await database.db.select().from(chatParticipants).where(eq(chatParticipants.roomId, room.id))
    expect(participants.filter((participant) => participant.isAdmin).map((participant) => participant.userId)).toEqual([room.createdById])
    expect(participants.some((participant) => participant.lastReadSeq < room.lastSeq)).toBe(true)
    for (const { userId, lastReadSeq, lastReadAt } of participants) {
      const [read] = await database.db
        .select()
        .from(chatReads)
        .where(sql`${chatReads.roomId} = ${room.id} and ${chatReads.userId} = ${userId}`)
      expect(read).toMatchObject({ uptoSeq: lastReadSeq, readAt: lastReadAt })
    }
  }
})

test('the rooms go on as any other: sending takes the next place, reading moves the pointer', async () => {
  const [room] = await database.db.select().from(chatRooms).where(eq(chatRooms.roomType, 'direct'))
  if (!room) throw new Error('there is no direct room')
  const [low = '', high = ''] = room.directKey?.split(':') ?? []
  const outcomes = await insertMessages(database.db, [
    {
      id: '01900000-0000-7000-8000-000000000001',
      roomId: room.id,
      senderId: Number(high),
      clientId: null,
      content: 'One more.',
      messageType: 'text',
      replyToId: room.lastMessageId,
      attachment: null,
    },
  ])
  expect(outcomes).toMatchObject([{ outcome: 'sent', message: { seq: room.lastSeq + 1 } }])
  expect(await moveReadPointer(database.db, room.id, Number(low), room.lastSeq + 1)).toMatchObject({ uptoSeq: room.lastSeq + 1 })
})
