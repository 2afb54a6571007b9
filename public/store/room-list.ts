import { batch, computed, signal } from '@preact/signals'
import type { RoomListItem, RoomType } from '../../schemas/rooms.ts'
import type { ChatClient } from '../client/index.ts'
import type { Kept } from './kept.ts'
import { advanceRoom, matchesFilter, matchesText, mergeRooms, type RoomFilter, sortRooms } from './room-order.ts'
import type { Session } from './session.ts'

export type RoomList = ReturnType<typeof createRoomList>

const pageSize = 100
const pagesAtMost = 20
/** Milliseconds in which changes are gathered before the list is asked for again. */
const gather = 250

/** My rooms, with what is unread in them. */
export function createRoomList(client: ChatClient, kept: Kept, session: Session) {
  const rooms = signal<ReadonlyMap<string, RoomListItem>>(new Map())
  const loaded = signal(false)
  const failed = signal(false)
  const filter = signal<RoomFilter>('all')
  const search = signal('')
  let timer: ReturnType<typeof setTimeout> | undefined
  let settleTried: () => void
  /** The list was asked for, whether it came or not. */
  const tried = new Promise<void>((resolve) => {
    settleTried = resolve
  })
  let restored: Promise<void> = Promise.resolve()
  let asked = 0
  /** Lists on their way. */
  let loading = 0

  const sorted = computed(() => sortRooms([...rooms.value.values()]))
  const shown = computed(() => sorted.value.filter((room) => matchesFilter(room, filter.value) && matchesText(room, search.value)))
  const unread = computed(() => sorted.value.reduce((sum, room) => sum + (room.is_muted || !room.is_active ? 0 : room.unread_count), 0))

  /** Told while the list was on its way: it is newer than what the list has of it. */
  const told = new Map<string, Partial<RoomListItem>>()

  const update = (id: string, change: Partial<RoomListItem>) => {
    told.set(id, { ...told.get(id), ...change })
    const room = rooms.peek().get(id)
    if (room) rooms.value = new Map(rooms.peek()).set(id, { ...room, ...change })
  }

  async function load(): Promise<void> {
    const number = ++asked
    loading += 1
    told.clear()
    try {
      const found: RoomListItem[] = []
      for (let page = 1; page <= pagesAtMost; page += 1) {
        const answer = await client.api.listRooms({ page, page_size: pageSize, include_archived: true })
        found.push(...answer.results)
        if (answer.next === null) break
      }
      if (number !== asked) return
      batch(() => {
        const latest = found.map((room) => ({ ...room, ...told.get(room.id) }))
        rooms.value = mergeRooms(rooms.peek(), latest)
        loaded.value = true
        failed.value = false
      })
      settleTried()
    } catch {
      if (number === asked) failed.value = true
      settleTried()
    } finally {
      loading -= 1
    }
  }
  const refreshSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => (loading > 0 ? refreshSoon() : void load()), gather)
  }

  client.on('established', () => void load())
  client.on('appeared', refreshSoon)
  client.on('reload', refreshSoon)
  client.on('vanished', ({ room_id }) => {
    const rest = new Map(rooms.peek())
    if (rest.delete(room_id)) rooms.value = rest
  })
  client.on('frame', (frame) => {
    const room = rooms.peek().get(frame.room_id)
    const next = room && frame.type === 'chat_message' ? advanceRoom(room, frame, session.me.peek()?.id) : undefined
    if (next) rooms.value = new Map(rooms.peek()).set(frame.room_id, next)
    else if (!room || frame.seq > room.seq) refreshSoon()
  })
  client.on('receipt', ({ room_id, user_id, read_seq }) => {
    const room = rooms.peek().get(room_id)
    if (!room || user_id !== session.me.peek()?.id) return
    // How far I have read is said again with every resume: whether what I marked unread is read now, the list knows.
    const isSure = read_seq >= room.seq && room.unread_from_seq === null && loading === 0
    if (isSure) update(room_id, { unread_count: 0 })
    else if (room.unread_count > 0 || loading > 0) refreshSoon()
  })
  client.on('roomMarkedRead', ({ room_id }) => update(room_id, { unread_count: 0, unread_from_seq: null }))
  client.on('participation', ({ room_id, unread_count, unread_from_seq, is_muted }) =>
    update(room_id, { unread_count, unread_from_seq, is_muted }),
  )

  return {
    rooms,
    /** Newest activity first. */
    sorted,
    shown,
    /** Unread messages of rooms that are neither muted nor archived. */
    unread,
    loaded,
    tried,
    failed,
    filter,
    search,
    load,
    update,
    /** What an earlier page had, until the list itself is there. */
    restore(userId: number): Promise<void> {
      restored = kept.list.get(userId).then((known) => {
        const isStillWanted = session.me.peek()?.id === userId && !loaded.peek()
        if (known && isStillWanted) rooms.value = new Map(known.map((room) => [room.id, room]))
      })
      return restored
    },
    /** Resolves when what an earlier page had is there. */
    restored: () => restored,
    clear(): void {
      clearTimeout(timer)
      asked += 1
      batch(() => {
        rooms.value = new Map()
        loaded.value = false
        search.value = ''
      })
    },
    typeOf: (id: string): RoomType | undefined => rooms.peek().get(id)?.room_type,
  }
}
