import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb'
import type { RoomListItem } from '../../schemas/rooms.ts'
import type { DurableFrame } from '../../schemas/socket.ts'
import { applyFrames, memoryOutboxStore, newestPart, type OutboxEntry, type OutboxStore, type RoomState } from '../client/index.ts'

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

/** The conversations used last, and of each its newest messages. */
const statesAtMost = 20
const messagesAtMost = 50

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
      put: (userId: number, rooms: RoomListItem[]) =>
        attempt((tables) => writeAtOnce(tables, 'lists', (lists) => lists.put({ user_id: userId, rooms }))),
    },
    states: {
      get: async (userId: number, roomId: string) => (await attempt((tables) => tables.get('states', [userId, roomId])))?.state,
      /** When it was used last decides which go when there are too many. */
      put: (userId: number, state: RoomState, usedAt = Date.now()) =>
        attempt(async (tables) => {
          await writeAtOnce(tables, 'states', (states) => states.put(keptState(userId, state, usedAt)))
          if ((await tables.count('states', ofUser(userId))) > statesAtMost) await forgetOldest(tables, userId)
        }),
      /** Brings a kept conversation up to date. One that would have a hole then stays as it was. */
      advance: (userId: number, roomId: string, frames: readonly DurableFrame[]) =>
        attempt(async (tables) => {
          const { store, done } = tables.transaction('states', 'readwrite')
          const known = await store.get([userId, roomId])
          const follows = known && (frames[0]?.seq ?? 0) <= known.state.seq + 1
          if (follows) await store.put(keptState(userId, applyFrames(known.state, frames), Date.now()))
          await done
        }),
      delete: (userId: number, roomId: string) => attempt((tables) => tables.delete('states', [userId, roomId])),
      /** Forgets the conversations of all other rooms. */
      keepOnly: (userId: number, roomIds: ReadonlySet<string>) =>
        attempt(async (tables) => {
          const keys = await tables.getAllKeys('states', ofUser(userId))
          await Promise.all(keys.filter(([, id]) => !roomIds.has(id)).map((key) => tables.delete('states', key)))
        }),
    },
    /** Rooms are no longer shown to whoever comes after; drafts and unsent messages wait for their author. */
    forgetRooms: (except?: number) =>
      attempt(async (tables) => {
        const [states, lists] = await Promise.all([tables.getAllKeys('states'), tables.getAllKeys('lists')])
        await Promise.all([
          ...states.filter(([userId]) => userId !== except).map((key) => tables.delete('states', key)),
          ...lists.filter((userId) => userId !== except).map((key) => tables.delete('lists', key)),
        ])
      }),
    /** Nobody is signed in any more, and nothing that could be read is left; all at once. */
    signOut: () =>
      attempt(async (tables) => {
        const transaction = tables.transaction(['users', 'lists', 'states'], 'readwrite')
        const cleared = (['users', 'lists', 'states'] as const).map((name) => transaction.objectStore(name).clear())
        transaction.commit()
        await Promise.all([...cleared, transaction.done])
      }),
  }
}

const keptState = (userId: number, state: RoomState, usedAt: number): KeptState => ({
  ...{ user_id: userId, room_id: state.room.id, used_at: usedAt },
  state: newestPart(state, messagesAtMost),
})

async function forgetOldest(tables: IDBPDatabase<Tables>, userId: number): Promise<void> {
  const all = await tables.getAll('states', ofUser(userId))
  const old = all.sort((one, other) => other.used_at - one.used_at).slice(statesAtMost)
  await Promise.all(old.map(({ room_id }) => tables.delete('states', [userId, room_id])))
}

type WrittenAtOnce = 'outbox' | 'drafts' | 'states' | 'lists'

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
