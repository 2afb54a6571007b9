import { useSignalEffect } from '@preact/signals'
import { memo } from 'preact/compat'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { VList, type VListHandle } from 'virtua'
import type { Item } from '../store/items.ts'
import { dayName } from '../words/times.ts'
import { Announcer } from './announcer.tsx'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { MessageRow } from './message-row.tsx'
import { surface } from './surface.ts'

/** Pixels from the end within which one is at the bottom. */
const nearBottom = 80
/** Milliseconds in which a turn back shows as a scroll, and in which the list still follows an end whose rows it measures. */
const turning = 300
const measuring = 1_000
/** Pixels from either end at which more is loaded. */
const nearEnd = 900

export function MessageList() {
  const { conversation } = usePage()
  const words = useWords()
  const { opened, items } = conversation
  if (!opened.value) return <div class="messages loading" role="status" aria-label={words.room.loading} />
  return (
    <div class="message-area">
      <Scroller items={items.value} />
      <Pills />
      <Announcer />
    </div>
  )
}

/** The list itself. Whoever is at the bottom stays there; for whoever is not, nothing that he reads moves. */
function Scroller({ items }: { items: readonly Item[] }) {
  const page = usePage()
  const words = useWords()
  const { conversation } = page
  const list = useRef<VListHandle>(null)
  const first = useRef(items[0]?.key)
  const before = useRef<readonly Item[]>(items)
  const reached = useRef(-1)
  /** Pixels that were below the window when it was last looked at. */
  const left = useRef(0)
  const turnedBackAt = useRef(Number.NEGATIVE_INFINITY)
  const sentDownAt = useRef(Number.NEGATIVE_INFINITY)

  // Older items came in front: then the place is kept from the end, in this one render.
  const isOlder =
    items.length > before.current.length && firstMessage(items) !== firstMessage(before.current) && holds(items, before.current)
  const toBottom = () => {
    const last = itemsNow.current.length - 1
    left.current = 0
    sentDownAt.current = performance.now()
    if (last >= 0) list.current?.scrollToIndex(last, { align: 'end' })
  }
  const itemsNow = useRef(items)
  itemsNow.current = items

  useLayoutEffect(() => {
    first.current = items[0]?.key
    before.current = items
    const isTurning = performance.now() - turnedBackAt.current < turning
    if (conversation.atBottom.peek() && conversation.isLatest.peek() && !isTurning) toBottom()
  }, [items])

  useSignalEffect(() => {
    const goal = conversation.goal.value
    if (goal.turn === reached.current) return
    reached.current = goal.turn
    // After the items of this goal are in the list.
    queueMicrotask(() => requestAnimationFrame(() => go(goal)))
  })
  const go = ({ seq, align, flash }: typeof conversation.goal.value) => {
    const index = indexOf(itemsNow.current, seq)
    if (index === undefined || seq === undefined) {
      conversation.atBottom.value = true
      return toBottom()
    }
    conversation.atBottom.value = false
    left.current = Number.POSITIVE_INFINITY
    // The line before it belongs to it.
    const start = align === 'start' && itemsNow.current[index - 1]?.kind === 'new' ? index - 1 : index
    list.current?.scrollToIndex(start, { align, ...(align === 'start' ? { offset: -48 } : {}) })
    requestAnimationFrame(look)
    if (flash) requestAnimationFrame(() => requestAnimationFrame(() => flashRow(seq)))
  }

  const look = () => {
    const handle = list.current
    if (!handle) return
    const { scrollOffset, scrollSize, viewportSize } = handle
    const below = scrollSize - viewportSize - scrollOffset
    left.current = below
    const atBottom = below <= nearBottom && conversation.isLatest.peek()
    if (atBottom !== conversation.atBottom.peek()) conversation.atBottom.value = atBottom
    if (atBottom) conversation.markSeen()
    if (scrollOffset < nearEnd) void conversation.loadOlder()
    if (below < nearEnd) void conversation.loadNewer()
  }
  // Rows that grow, and a keyboard that comes up, push the end away: it is followed by whoever was at it, and had not begun to scroll.
  useLayoutEffect(() => {
    const scroller = surface().querySelector('.messages')
    if (!scroller) return
    const observer = new ResizeObserver(() => left.current <= 2 && conversation.isLatest.peek() && toBottom())
    observer.observe(scroller)
    if (scroller.firstElementChild) observer.observe(scroller.firstElementChild)
    return () => observer.disconnect()
  }, [])

  /** Who turns back wants to read: nothing that grows or comes meanwhile pulls him down. */
  const turnBack = () => {
    const now = performance.now()
    left.current = Number.POSITIVE_INFINITY
    turnedBackAt.current = now
    // The list goes on to where it was sent while it measures rows there, until it is sent elsewhere: to where it is.
    if (now - sentDownAt.current < measuring) list.current?.scrollBy(0)
  }

  return (
    <VList
      ref={list as never}
      class="messages"
      role="log"
      aria-label={words.room.messages}
      aria-live="off"
      tabIndex={0}
      onWheel={(event: { deltaY: number }) => event.deltaY < 0 && turnBack()}
      onTouchMove={turnBack}
      onKeyDown={(event: KeyboardEvent) => event.target === event.currentTarget && keysBack.has(event.key) && turnBack()}
      shift={isOlder}
      onScroll={look}
      data={items}
    >
      {(item: Item) => <Row key={item.key} item={item} />}
    </VList>
  )
}

const keysBack = new Set(['ArrowUp', 'PageUp', 'Home'])

/** Drawn again only when the item is another one. */
const Row = memo(function Row({ item }: { item: Item }) {
  const words = useWords()
  switch (item.kind) {
    case 'start':
      return <p class="start-line">{words.room.start}</p>
    case 'day':
      return (
        <h3 class="day">
          <span>{dayName(words, item.at)}</span>
        </h3>
      )
    case 'new':
      return (
        <div class="new-line">
          <span>{words.room.newLine}</span>
        </div>
      )
    case 'message':
      return <MessageRow message={item.message} first={item.first} last={item.last} />
  }
})

function Pills() {
  const { conversation } = usePage()
  const words = useWords()
  const { atBottom, isLatest, unseen, backTo } = conversation
  const first = unseen.value[0]
  const back = backTo.value
  return (
    <div class="pills">
      {back !== undefined && (
        <button type="button" class="pill" onClick={() => conversation.goBack(back)}>
          <Icon name="reply" size={16} />
          {words.room.backToReply}
        </button>
      )}
      {!atBottom.value && first?.seq !== undefined && (
        <button type="button" class="pill accent" onClick={() => conversation.aim(first.seq, 'start')}>
          <Icon name="down" size={16} />
          {words.room.unseen(unseen.value.length)}
        </button>
      )}
      {(!atBottom.value || !isLatest.value) && (
        <button type="button" class="pill" onClick={conversation.toLatest}>
          <Icon name="down" size={16} />
          {words.room.latest}
        </button>
      )}
    </div>
  )
}

const firstMessage = (items: readonly Item[]) => items.find(({ kind }) => kind === 'message')?.key

function holds(items: readonly Item[], before: readonly Item[]): boolean {
  const key = firstMessage(before)
  return key !== undefined && items.some((item) => item.key === key)
}

function indexOf(items: readonly Item[], seq: number | undefined): number | undefined {
  if (seq === undefined) return undefined
  const index = items.findIndex((item) => item.kind === 'message' && (item.message.seq ?? 0) >= seq)
  return index < 0 ? undefined : index
}

function flashRow(seq: number): void {
  const row = surface().querySelector(`.messages [data-seq="${seq}"]`)
  row?.classList.add('flash')
  row?.addEventListener('animationend', () => row.classList.remove('flash'), { once: true })
}
