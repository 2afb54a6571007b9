import type { Shown } from './shown.ts'

type MessageItem = { kind: 'message'; key: string; message: Shown; first: boolean; last: boolean }

/** What the list of a conversation consists of, from old to new. */
export type Item =
  | { kind: 'start'; key: string }
  | { kind: 'day'; key: string; at: number }
  | { kind: 'new'; key: string }
  /** `first` and `last` of a group: messages of one sender without a pause of five minutes. */
  | MessageItem

const pause = 5 * 60_000

/** `newFrom` is the seq above which the "New" line is drawn; `fromStart`: nothing is older than the first message. */
export function itemsOf(messages: readonly Shown[], { newFrom, fromStart }: { newFrom: number | undefined; fromStart: boolean }): Item[] {
  const items: Item[] = fromStart ? [{ kind: 'start', key: 'start' }] : []
  let before: Shown | undefined
  let isNewDrawn = false
  for (const [index, message] of messages.entries()) {
    const newDay = !before || dayOf(before.at) !== dayOf(message.at)
    if (newDay) items.push({ kind: 'day', key: `day ${dayOf(message.at)} ${message.key}`, at: message.at })
    const isNew = !isNewDrawn && newFrom !== undefined && (message.seq ?? Number.POSITIVE_INFINITY) >= newFrom
    if (isNew && message.seq !== undefined) {
      items.push({ kind: 'new', key: 'new' })
      isNewDrawn = true
    }
    const first = newDay || (isNew && message.seq !== undefined) || !belongsTo(before, message)
    const after = messages[index + 1]
    const last = !after || dayOf(after.at) !== dayOf(message.at) || !belongsTo(message, after) || after.seq === newFrom
    items.push(itemOf(message, first, last))
    before = message
  }
  return items
}

function belongsTo(before: Shown | undefined, message: Shown): boolean {
  if (!before || before.isSystem || message.isSystem) return false
  return before.senderId === message.senderId && message.at - before.at < pause
}

const known = new WeakMap<Shown, MessageItem>()

/** The same as before for a message that stands as it stood. */
function itemOf(message: Shown, first: boolean, last: boolean): MessageItem {
  const before = known.get(message)
  if (before && before.first === first && before.last === last) return before
  const item: MessageItem = { kind: 'message', key: message.key, message, first, last }
  known.set(message, item)
  return item
}

/** The day that was asked for last: neighbours are mostly of the same one, and dates are dear. */
let lastDay = { from: 0, to: 0, name: '' }

/** The day in the reader's own zone. */
function dayOf(at: number): string {
  if (at >= lastDay.from && at < lastDay.to) return lastDay.name
  const date = new Date(at)
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()]
  lastDay = { from: new Date(year, month, day).getTime(), to: new Date(year, month, day + 1).getTime(), name: `${year}-${month}-${day}` }
  return lastDay.name
}

/** The seq of the first of so many unread messages, counted back from the newest; `missing` more lie before what is loaded. */
export function firstUnread(messages: readonly Shown[], unread: number): { seq: number | undefined; missing: number } {
  let left = unread
  let seq: number | undefined
  for (let index = messages.length - 1; index >= 0 && left > 0; index -= 1) {
    const message = messages[index]
    if (!message || message.mine || message.deleted || message.seq === undefined) continue
    seq = message.seq
    left -= 1
  }
  return { seq, missing: left }
}
