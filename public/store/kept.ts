import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb'
import type { RoomListItem } from '../../schemas/rooms.ts'
import { memoryOutboxStore, type OutboxEntry, type OutboxStore, type RoomState } from '../client/index.ts'

/** Who is signed in, so that the page can open with its content before anybody answers. */
export type KeptUser = { id: number; username: string }
type KeptState = { user_id: number; room_id: string; used_at: number; state: RoomState }

interface Tables extends DBSchema {
  outbox: { key: string; value: OutboxEntry }
  drafts: { key: [number, string]; value: { user_id: number; room_id: string; text: string } }
  states: { key: [number, string]; value: KeptState }
  lists: { key: number; value: { user_id: number; rooms: RoomListItem[] } }
  users: { key: string; value: KeptUser }
}

/** What this browser remembers. Where it may not remember anything, reads find nothing and writes are lost. */
export type Kept = ReturnType<typeof openKept>

const statesAtMost = 10

export function openKept(name = 'aristay-chat') {
  const opening = openTables(name)
  const attempt = async <Answer>(run: (tables: IDBPDatabase<Tables>) => Promise<Answer>): Promise<Answer | undefined> => {
    const tables = await opening
    return tables ? run(tables).catch(() => undefined) : undefined
  }
  return {
    outbox: outboxStore(opening),
    user: {
      get: () => attempt((tables) => tables.get('users', 'me')),
      put: (user: KeptUser) => attempt((tables) => tables.put('users', user, 'me')),
      delete: () => attempt((tables) => tables.delete('users', 'me')),
    },
    drafts: {
      list: async (userId: number) => (await attempt((tables) => tables.getAll('drafts', ofUser(userId)))) ?? [],
      put: (userId: number, roomId: string, text: string) =>
        attempt<unknown>((tables) =>
          writeAtOnce(tables, 'drafts', (drafts) =>
            text === '' ? drafts.delete([userId, roomId]) : drafts.put({ user_id: userId, room_id: roomId, text }),
          ),
        ),
    },
    list: {
      get: async (userId: number) => (await attempt((tables) => tables.get('lists', userId)))?.rooms,
      put: (userId: number, rooms: RoomListItem[]) => attempt((tables) => tables.put('lists', { user_id: userId, rooms })),
    },
    states: {
      get: async (userId: number, roomId: string) => (await attempt((tables) => tables.get('states', [userId, roomId])))?.state,
      put: (userId: number, state: RoomState) =>
        attempt(async (tables) => {
          await tables.put('states', { user_id: userId, room_id: state.room.id, used_at: Date.now(), state })
          const others = await tables.getAll('states', ofUser(userId))
          const old = others.sort((one, other) => other.used_at - one.used_at).slice(statesAtMost)
          for (const { user_id, room_id } of old) await tables.delete('states', [user_id, room_id])
        }),
    },
    /** Rooms are no longer shown to whoever comes after; drafts and unsent messages wait for their author. */
    forgetRooms: (userId: number) =>
      attempt(async (tables) => {
        await tables.delete('lists', userId)
        await tables.delete('states', ofUser(userId))
      }),
  }
}

type WrittenAtOnce = 'outbox' | 'drafts'

/** One change that is kept although the page goes away in the next moment: it is committed without another word from the page. */
async function writeAtOnce<Name extends WrittenAtOnce>(
  tables: IDBPDatabase<Tables>,
  name: Name,
  change: (store: IDBPObjectStore<Tables, [Name], Name, 'readwrite'>) => Promise<unknown>,
): Promise<void> {
  const transaction = tables.transaction(name, 'readwrite')
  const changed = change(transaction.store)
  transaction.commit()
  await Promise.all([changed, transaction.done])
}

const ofUser = (userId: number) => IDBKeyRange.bound([userId, ''], [userId, '\uffff'])

async function openTables(name: string): Promise<IDBPDatabase<Tables> | undefined> {
  try {
    return await openDB<Tables>(name, 1, {
      upgrade(tables) {
        tables.createObjectStore('outbox', { keyPath: 'client_id' })
        tables.createObjectStore('drafts', { keyPath: ['user_id', 'room_id'] })
        tables.createObjectStore('states', { keyPath: ['user_id', 'room_id'] })
        tables.createObjectStore('lists', { keyPath: 'user_id' })
        tables.createObjectStore('users')
      },
    })
  } catch {
    return undefined
  }
}

function outboxStore(opening: Promise<IDBPDatabase<Tables> | undefined>): OutboxStore {
  const memory = memoryOutboxStore()
  return {
    list: async () => (await opening)?.getAll('outbox') ?? memory.list(),
    put: async (entry) => {
      const tables = await opening
      await (tables ? writeAtOnce(tables, 'outbox', (outbox) => outbox.put(entry)) : memory.put(entry))
    },
    delete: async (clientId) => {
      const tables = await opening
      await (tables ? writeAtOnce(tables, 'outbox', (outbox) => outbox.delete(clientId)) : memory.delete(clientId))
    },
  }
}
