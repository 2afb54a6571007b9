import { randomUUID } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from '../../../db/open.ts'
import { insertEvent } from '../../../db/queries/events.ts'
import type { MessageFilter } from '../../../db/queries/message-pages.ts'
import { deleteMessage, updateContent } from '../../../db/queries/messages.ts'
import { findParticipant, insertParticipants, markLeft } from '../../../db/queries/participants.ts'
import { insertRoom, lockRoom } from '../../../db/queries/rooms.ts'
import { countMessagesWith, listMessagesWith } from '../../../db/queries/search.ts'
import { insertMessages } from '../../../db/queries/sends.ts'
import { insertUser } from '../../../db/queries/users.ts'
import { pageRange } from '../../../server/actions/pages.ts'
import { searchMessages } from '../../../server/actions/search.ts'
import { createSearchIndex, type SearchIndex } from '../../../server/search-index.ts'
import { createTestDatabase } from '../../support/postgres.ts'

/** A database with an index of search that runs only when it is told to. */
export async function openSearched() {
  const { url, drop } = await createTestDatabase()
  const { db, close } = openDatabase({ url, connections: 4 })
  const warnings: unknown[] = []
  const open: SearchIndex[] = []
  const newIndex = (interval?: number, written = () => 0) => {
    const log = { warn: (...line: unknown[]) => void warnings.push(line) } as Parameters<typeof createSearchIndex>[0]['log']
    const made = createSearchIndex({ db, log, written, ...(interval !== undefined && { interval }) })
    open.push(made)
    return made
  }

  return {
    db,
    index: newIndex(),
    newIndex,
    warnings,
    async newUser(): Promise<number> {
      const person = {
        email: '',
        firstName: '',
        lastName: '',
        role: 'staff',
        isSuperuser: false,
        isActive: true,
        passwordHash: '',
      } as const
      return (await insertUser(db, { username: randomUUID(), ...person })) ?? 0
    },
    async newRoom(...userIds: number[]): Promise<string> {
      const id = uuidv7()
      await insertRoom(db, { id, roomType: 'group' })
      const members = userIds.map((userId) => ({ userId, isAdmin: false }))
      await insertParticipants(db, id, members, 0)
      return id
    },
    /** Sends the texts, in their order, in one batch. Their ids. */
    async say(roomId: string, senderId: number, ...texts: string[]): Promise<string[]> {
      const plain = { roomId, senderId, clientId: null, messageType: 'text', replyToId: null, attachment: null } as const
      const sent = texts.map((content) => ({ id: uuidv7(), content, ...plain }))
      const outcomes = await insertMessages(db, sent)
      if (outcomes.some(({ outcome }) => outcome !== 'sent')) throw new Error('not sent')
      return sent.map(({ id }) => id)
    },
    edit: (roomId: string, actorId: number, messageId: string, content: string) =>
      db.transaction(async (tx) => {
        await lockRoom(tx, roomId)
        await updateContent(tx, messageId, content)
        await insertEvent(tx, roomId, { kind: 'message_updated', actorId, messageId, frame: {} })
      }),
    remove: (roomId: string, actorId: number, messageId: string) =>
      db.transaction(async (tx) => {
        await lockRoom(tx, roomId)
        await deleteMessage(tx, roomId, messageId, '[Message deleted]')
        await insertEvent(tx, roomId, { kind: 'message_deleted', actorId, messageId, frame: {} })
      }),
    async leave(roomId: string, userId: number): Promise<void> {
      const participant = await findParticipant(db, roomId, userId)
      if (participant) await markLeft(db, participant)
    },
    /** The texts that the reader finds, newest first. */
    async find(readerId: number, q: string, roomId?: string): Promise<string[]> {
      const { found, count } = await searchMessages({ db }, { id: readerId }, { q, roomId }, pageRange({}))
      if (count !== found.length) throw new Error(`counted ${count}, found ${found.length}`)
      return found.map(({ message }) => message.content)
    },
    /** The list of messages with that text, newest first; with its count checked. */
    async list(readerId: number, search: string, filter: MessageFilter = {}, newestFirst = true): Promise<string[]> {
      const { count, messages } = await listMessagesWith(db, readerId, search, filter, { newestFirst, limit: 50, offset: 0 })
      const counted = await countMessagesWith(db, readerId, search, filter)
      if (counted !== messages.length || count !== counted) throw new Error(`counted ${counted} and ${count}, found ${messages.length}`)
      return messages.map(({ content }) => content)
    },
    async close() {
      await Promise.all(open.map((each) => each.close()))
      await close()
      await drop()
    },
  }
}

export type Searched = Awaited<ReturnType<typeof openSearched>>
