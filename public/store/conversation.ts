import { batch, computed, effect, signal, untracked } from '@preact/signals'
import { ApiError, type ChatClient, deletedText, listMessages, type RoomState } from '../client/index.ts'
import type { Connection } from './connection.ts'
import { firstUnread, itemsOf } from './items.ts'
import type { Kept } from './kept.ts'
import type { RoomList } from './room-list.ts'
import type { Session } from './session.ts'
import { type Shown, shownEntry, shownMessage, shownUpload } from './shown.ts'
import type { Uploads } from './uploads.ts'

/** Where the list is to be scrolled to; another `turn` is another wish, though it names the same place. */
export type Goal = { turn: number; seq: number | undefined; align: 'start' | 'center' | 'end'; flash: boolean }
type Parts = {
  client: ChatClient
  kept: Kept
  session: Session
  rooms: RoomList
  uploads: Uploads
  connection: Connection
  /** The room that the page was loaded with. */
  roomAtStart: string | undefined
}

const pageSize = 50
/** Unread messages that are loaded to find the first of them. */
const mostUnread = 1_000

/** The open room: its messages, where to look, and what of it is new. */
export function createConversation({ client, kept, session, rooms, uploads, connection, roomAtStart }: Parts) {
  const roomId = signal<string | undefined>(undefined)
  const state = signal<RoomState | undefined>(undefined)
  const entries = signal(client.outbox.list())
  const problem = signal<'gone' | 'unreachable' | 'message_gone' | undefined>(undefined)
  /** A seq in the part of the history that is shown; Infinity for its newest part. */
  const anchor = signal(Number.POSITIVE_INFINITY)
  const newFrom = signal<number | undefined>(undefined)
  const goal = signal<Goal>({ turn: 0, seq: undefined, align: 'end', flash: false })
  const opened = signal(false)
  /** What this browser kept of the room is there, if it kept anything. */
  const recalled = signal(false)
  const loadingOlder = signal(false)
  const atBottom = signal(true)
  /** The newest seq that was on the screen. */
  const seen = signal(0)
  const backTo = signal<number | undefined>(undefined)
  /** Where the user marked the room unread. */
  const unreadFrom = computed(() => rooms.rooms.value.get(roomId.value ?? '')?.unread_from_seq ?? null)
  /** The mark with which the room was entered on purpose: it does not hold. */
  const entered = signal<number | null>(null)
  /** Marked unread while it is open, or before the page was loaded: looking at it is no reading. */
  const held = computed(() => unreadFrom.value !== null && unreadFrom.value !== entered.value)
  let marked = 0

  const range = computed(() => {
    const { ranges } = state.value ?? { ranges: [] }
    return ranges.find(({ from, to }) => anchor.value >= from && anchor.value <= to) ?? ranges.at(-1)
  })
  const isLatest = computed(() => range.value === undefined || range.value.to === Number.POSITIVE_INFINITY)
  const stored = computed((): Shown[] => {
    const me = session.me.value?.id
    return state.value && range.value ? listMessages(state.value, range.value).map((message) => shownMessage(message, me, deletedText)) : []
  })
  const shown = computed((): Shown[] => {
    if (!isLatest.value) return stored.value
    const me = session.me.value?.id
    const waiting = [
      ...entries.value.filter(({ room_id }) => room_id === roomId.value).map((entry) => shownEntry(entry, me, state.value)),
      ...uploads.list.value.filter((sending) => sending.roomId === roomId.value).map((sending) => shownUpload(sending, me)),
    ]
    if (waiting.length === 0) return stored.value
    const there = new Set(stored.value.map(({ key }) => key))
    return [...stored.value, ...waiting.filter(({ key }) => !there.has(key)).sort((one, other) => one.at - other.at)]
  })
  const items = computed(() => itemsOf(shown.value, { newFrom: newFrom.value, fromStart: range.value?.from === 0 }))
  const newest = computed(() => stored.value.at(-1))
  /** Nobody need be named in a talk of two. */
  const isDirect = computed(() => rooms.rooms.value.get(roomId.value ?? '')?.room_type === 'direct')
  /** Of others, below what was seen. */
  const unseen = computed(() => {
    if (!isLatest.value || (newest.value?.seq ?? 0) <= seen.value) return []
    return stored.value.filter(({ seq = 0, mine, deleted }) => seq > seen.value && !mine && !deleted)
  })

  const aim = (seq: number | undefined, align: Goal['align'], flash = false) => {
    goal.value = { turn: goal.peek().turn + 1, seq, align, flash }
  }
  const isCurrent = (id: string) => roomId.peek() === id

  client.on('room', ({ room_id }) => {
    if (isCurrent(room_id)) state.value = client.rooms.state(room_id)
  })
  client.on('outbox', () => {
    entries.value = client.outbox.list()
  })
  client.on('unloaded', ({ room_id, error }) => {
    if (!isCurrent(room_id)) return
    const isGone = error instanceof ApiError && (error.status === 403 || error.status === 404)
    problem.value = isGone ? 'gone' : 'unreachable'
  })
  client.on('vanished', ({ room_id }) => {
    if (isCurrent(room_id)) problem.value = 'gone'
  })
  client.on('frame', (frame) => {
    if (frame.type !== 'chat_message' || !isCurrent(frame.room_id) || frame.message.sender?.id === client.me) return
    // What comes while nobody looks begins what is new.
    const isWatched = document.visibilityState === 'visible' && document.hasFocus()
    if (!isWatched && (newFrom.peek() === undefined || newFrom.peek() === 0 || marked >= (newest.peek()?.seq ?? 0)))
      newFrom.value = frame.seq
  })
  client.rooms.events.on('loaded', ({ room_id }) => {
    if (!isCurrent(room_id)) return
    problem.value = undefined
    void stayAtAnchor(room_id)
  })

  /** Opens at the first unread message, or at the newest; first with what this browser kept, then with what the server has. */
  async function open(id: string): Promise<void> {
    close()
    const me = session.me.peek()
    batch(() => {
      roomId.value = id
      anchor.value = Number.POSITIVE_INFINITY
      opened.value = false
      seen.value = 0
      entered.value = id === roomAtStart ? null : unreadFrom.peek()
    })
    roomAtStart = undefined
    const fresh = new Promise<void>((resolve) => {
      const stop = client.rooms.events.on('loaded', ({ room_id }) => {
        if (room_id === id) resolve()
        if (room_id === id || !isCurrent(id)) stop()
      })
    })
    // What is unread is known by the list.
    const [cached] = await Promise.all([me && kept.states.get(me.id, id), rooms.restored()])
    if (!isCurrent(id)) return
    client.rooms.watch(id, cached)
    batch(() => {
      state.value = client.rooms.state(id)
      recalled.value = true
    })
    if (state.peek()) await settle(id)
    await Promise.all([fresh, rooms.tried])
    if (!isCurrent(id)) return
    // Whoever has begun to read elsewhere is not torn away.
    if (!opened.peek() || atBottom.peek() || newFrom.peek() !== undefined) await settle(id)
  }

  const newUnread = (id: string) =>
    firstUnread(
      untracked(() => stored.value),
      rooms.rooms.peek().get(id)?.unread_count ?? 0,
    )

  /** Whoever opens a room without a line gets what there is of it. */
  effect(() => {
    const id = roomId.value
    if (connection.lost.value && id !== undefined && recalled.value && !opened.value) untracked(() => openAt(newUnread(id)))
  })

  async function settle(id: string): Promise<void> {
    let first = newUnread(id)
    for (let asked = 0; first.missing > 0 && !connection.lost.peek() && asked < mostUnread && (range.peek()?.from ?? 0) > 0; asked += 100) {
      try {
        await client.rooms.loadMore(id, { before: range.peek()?.from ?? 0, limit: 100 })
      } catch {
        break
      }
      if (!isCurrent(id)) return
      first = newUnread(id)
    }
    const isReadMeanwhile = opened.peek() && connection.lost.peek()
    if (!isReadMeanwhile) openAt(first)
  }

  function openAt(first: { seq: number | undefined }): void {
    batch(() => {
      newFrom.value = first.seq ?? newFrom.peek()
      seen.value = Math.max(seen.peek(), first.seq === undefined ? (newest.peek()?.seq ?? 0) : first.seq - 1)
      opened.value = true
      if (first.seq !== undefined) atBottom.value = false
      if (anchor.peek() === Number.POSITIVE_INFINITY) aim(first.seq, first.seq === undefined ? 'end' : 'start')
    })
  }

  function close(): void {
    const id = roomId.peek()
    if (id === undefined) return
    const [me, last] = [session.me.peek(), client.rooms.state(id)]
    if (me && last && !problem.peek()) void kept.states.put(me.id, last)
    client.rooms.unwatch(id)
    batch(() => {
      roomId.value = undefined
      state.value = undefined
      recalled.value = false
      problem.value = undefined
      newFrom.value = undefined
      backTo.value = undefined
      atBottom.value = true
      marked = 0
    })
  }

  /** Goes to a message and loads what lies around it. */
  async function jump(messageId: string, from?: number): Promise<void> {
    const id = roomId.peek()
    if (id === undefined) return
    try {
      const seq = state.peek()?.messages.get(messageId)?.seq ?? (await client.api.message(messageId)).seq
      const isLoaded = () => state.peek()?.ranges.some(({ from: low, to }) => seq >= low && seq <= to)
      if (!isLoaded()) await client.rooms.loadMore(id, { around: seq, limit: pageSize })
      if (!isCurrent(id)) return
      batch(() => {
        anchor.value = range.peek() && isIn(range.peek(), seq) ? anchor.peek() : seq
        opened.value = true
        backTo.value = from
        aim(seq, 'center', true)
      })
    } catch {
      if (isCurrent(id)) problem.value = 'message_gone'
    }
  }

  function toLatest(): void {
    batch(() => {
      entered.value = unreadFrom.peek()
      anchor.value = Number.POSITIVE_INFINITY
      backTo.value = undefined
      aim(undefined, 'end')
    })
  }

  /** A state that was loaded anew holds the newest messages only: what is being looked at is fetched again. */
  async function stayAtAnchor(id: string): Promise<void> {
    const seq = anchor.peek()
    if (seq === Number.POSITIVE_INFINITY || isIn(range.peek(), seq)) return
    await client.rooms.loadMore(id, { around: seq, limit: pageSize }).catch(() => undefined)
    if (isCurrent(id) && anchor.peek() === seq) aim(seq, 'center', true)
  }

  /** From a quoted message back to what quotes it. */
  function goBack(seq: number): void {
    batch(() => {
      backTo.value = undefined
      if (!isIn(range.peek(), seq)) anchor.value = seq
      aim(seq, 'center', true)
    })
  }

  async function loadOlder(): Promise<void> {
    await loadBeside(() => (range.peek()?.from ?? 0) > 0 && { before: range.peek()?.from ?? 0, limit: pageSize })
  }
  async function loadNewer(): Promise<void> {
    await loadBeside(() => !isLatest.peek() && { after: range.peek()?.to ?? 0, limit: pageSize })
  }
  async function loadBeside(stretch: () => { before?: number; after?: number; limit: number } | false): Promise<void> {
    const id = roomId.peek()
    const wanted = stretch()
    if (id === undefined || loadingOlder.peek() || !wanted) return
    loadingOlder.value = true
    await client.rooms.loadMore(id, wanted).catch(() => undefined)
    loadingOlder.value = false
  }

  /** Read is what was on the screen while somebody looked at it. */
  function markSeen(): void {
    const id = roomId.peek()
    const last = newest.peek()
    if (id === undefined || !last?.seq || !isLatest.peek() || !opened.peek()) return
    seen.value = Math.max(seen.peek(), last.seq)
    const isWatched = document.visibilityState === 'visible' && document.hasFocus()
    const unread = rooms.rooms.peek().get(id)?.unread_count ?? 0
    if (!isWatched || held.peek() || !rooms.loaded.peek() || last.seq <= marked || (unread === 0 && last.mine)) return
    marked = last.seq
    void client.markRead(id, last.id).catch(() => {
      marked = 0
    })
  }
  /** Unread from this message on, for me alone. */
  async function markUnread(messageId: string): Promise<void> {
    entered.value = null
    const { room_id, unread_count, unread_from_seq } = await client.api.markUnread(messageId)
    rooms.update(room_id, { unread_count, unread_from_seq })
  }
  effect(() => {
    if (unreadFrom.value === null) entered.value = null
    if (!held.value) return
    marked = 0
    newFrom.value = unreadFrom.value ?? undefined
  })
  effect(() => {
    void [newest.value, held.value, rooms.loaded.value]
    if (atBottom.value && opened.value) untracked(markSeen)
  })
  for (const [target, name] of [
    [window, 'focus'],
    [document, 'visibilitychange'],
  ] as const)
    target.addEventListener(name, () => atBottom.peek() && markSeen())

  return {
    ...{
      roomId,
      state,
      problem,
      held,
      items,
      shown,
      stored,
      isDirect,
      newest,
      unseen,
      newFrom,
      goal,
      opened,
      isLatest,
      atBottom,
      backTo,
      loadingOlder,
    },
    ...{ open, close, jump, goBack, toLatest, loadOlder, loadNewer, aim, markSeen, markUnread },
  }
}

function isIn(range: { from: number; to: number } | undefined, seq: number): boolean {
  return range !== undefined && seq >= range.from && seq <= range.to
}
