/** How far a room's history has been applied. A state by REST names no epoch: until a socket has, nothing can be built on it. */
export type Cursor = { readonly seq: number; readonly epoch: number | undefined }

/** A place in the history: of a frame, or of the head of a room. */
export type Sequenced = { readonly seq: number }
export type Head = { readonly seq: number; readonly epoch: number }

/** The next is applied, what was applied is dropped, a hole is asked for. */
export type Verdict = 'apply' | 'drop' | 'resume'

/** The rule of the whole client, in one line each. */
export function receive(cursor: Cursor, frame: Sequenced): Verdict {
  if (frame.seq <= cursor.seq) return 'drop'
  return frame.seq === cursor.seq + 1 ? 'apply' : 'resume'
}

/**
 * One room's place in its history. `seen` is the highest seq that was heard of: above the cursor it means a hole.
 * `held` are frames from beyond the hole; losing one costs a resume, never a frame.
 */
export type RoomOrder<Frame extends Sequenced> = {
  readonly cursor: Cursor
  readonly seen: number
  readonly held: ReadonlyMap<number, Frame>
}

/**
 * What to do after something came: show `applied`, in this order; `resume` asks for what follows the cursor; `reload` says that
 * the history before the cursor was not applied and has to be fetched as state, read no earlier than now.
 */
export type Step<Frame extends Sequenced> = {
  readonly order: RoomOrder<Frame>
  readonly applied: readonly Frame[]
  readonly ask: 'nothing' | 'resume' | 'reload'
}

/** Frames held beyond a hole at most; the rest comes again with the resume. */
export const mostHeld = 500

export function startOrder<Frame extends Sequenced>(cursor: Cursor): RoomOrder<Frame> {
  return { cursor, seen: cursor.seq, held: new Map() }
}

export function isBehind<Frame extends Sequenced>(order: RoomOrder<Frame>): boolean {
  return order.seen > order.cursor.seq
}

/** A durable frame, from wherever it comes. A hole is asked for once: when it first shows. */
export function receiveFrame<Frame extends Sequenced>(order: RoomOrder<Frame>, frame: Frame): Step<Frame> {
  switch (receive(order.cursor, frame)) {
    case 'drop':
      return { order, applied: [], ask: 'nothing' }
    case 'resume':
      return { order: hold(order, frame), applied: [], ask: isBehind(order) ? 'nothing' : 'resume' }
    case 'apply':
      return drain(order, frame)
  }
}

/** What a new socket says of the room. Another epoch is another history. A cursor ahead of the head is asked about too: the server answers with `resync`. */
export function meetHead<Frame extends Sequenced>(order: RoomOrder<Frame>, head: Head): Step<Frame> {
  const { cursor } = order
  if (cursor.epoch !== head.epoch) return reloadFrom(startOrder(head))
  const met = { ...order, seen: Math.max(order.seen, head.seq) }
  return { order: met, applied: [], ask: head.seq === cursor.seq && !isBehind(met) ? 'nothing' : 'resume' }
}

/** The history since the cursor cannot be had: the room is reloaded, and goes on from the seq that the server names. */
export function receiveResync<Frame extends Sequenced>(order: RoomOrder<Frame>, head: Head): Step<Frame> {
  const sameHistory = order.cursor.epoch === head.epoch && head.seq >= order.cursor.seq
  if (!sameHistory) return reloadFrom(startOrder(head))
  return reloadFrom({ cursor: head, seen: Math.max(order.seen, head.seq), held: order.held })
}

/** A piece of the log by REST, asked for from `since` on. */
export type Changes<Frame extends Sequenced> = { head: number; epoch: number; events: readonly Frame[]; complete: boolean }

export function receiveChanges<Frame extends Sequenced>(order: RoomOrder<Frame>, since: number, changes: Changes<Frame>): Step<Frame> {
  const { head, epoch } = changes
  if (order.cursor.epoch !== epoch || head < since) return reloadFrom(startOrder({ seq: head, epoch }))
  let next: RoomOrder<Frame> = { ...order, seen: Math.max(order.seen, head) }
  const applied: Frame[] = []
  for (const event of changes.events) {
    const step = receiveFrame(next, event)
    next = step.order
    applied.push(...step.applied)
  }
  return { order: next, applied, ask: isBehind(next) ? 'resume' : 'nothing' }
}

function hold<Frame extends Sequenced>(order: RoomOrder<Frame>, frame: Frame): RoomOrder<Frame> {
  const seen = Math.max(order.seen, frame.seq)
  if (order.held.size >= mostHeld) return { ...order, seen }
  return { ...order, seen, held: new Map(order.held).set(frame.seq, frame) }
}

function drain<Frame extends Sequenced>(order: RoomOrder<Frame>, first: Frame | undefined): Step<Frame> {
  const applied: Frame[] = first ? [first] : []
  let seq = first ? first.seq : order.cursor.seq
  for (let next = order.held.get(seq + 1); next; next = order.held.get(seq + 1)) {
    applied.push(next)
    seq = next.seq
  }
  const held = order.held.size === 0 ? order.held : new Map([...order.held].filter(([place]) => place > seq))
  const drained = { cursor: { seq, epoch: order.cursor.epoch }, seen: Math.max(order.seen, seq), held }
  return { order: drained, applied, ask: 'nothing' }
}

function reloadFrom<Frame extends Sequenced>(order: RoomOrder<Frame>): Step<Frame> {
  return { ...drain(order, undefined), ask: 'reload' }
}
