/**
 * What servers and relays tell each other. The bus is a hint and never the truth: an event may be lost, doubled or late.
 * Whoever listens orders room events by `seq` and asks the server for what is missing.
 */
export interface Bus {
  /** Sends to everybody who is subscribed now. Never waits and never throws: what cannot be sent is lost, and counted. */
  publish(channel: string, text: string): void
  /** Resolves when the subscription is confirmed: what is published from then on arrives, unless lost. Rejects when it cannot be confirmed within a second. */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Every text on a subscribed channel; those of one publisher on one channel in their order. One listener. */
  onText(listener: (channel: string, text: string) => void): void
  /** The subscription was broken and is back: anything may have been missed. One listener. */
  onGap(listener: () => void): void
  /** Counts as typing for 10 seconds. */
  startTyping(roomId: string, userId: number): Promise<void>
  /** Whether the user had been typing. */
  stopTyping(roomId: string, userId: number): Promise<boolean>
  /** Who has typed in the last 10 seconds. Empty when the bus is out of reach. */
  listTyping(roomId: string): Promise<TypingEntry[]>
  /**
   * Adds to counters that all processes share, and gives what each comes to; a counter is forgotten `lifeMs` milliseconds after its first count.
   * Those that could not be counted are left out. Never rejects.
   */
  count(added: ReadonlyMap<string, number>, lifeMs: number): Promise<Map<string, number>>
  /** Whether the bus is connected now. */
  isUp(): boolean
  close(): Promise<void>
}

/** `startedAt` is in milliseconds since 1970. */
export type TypingEntry = { userId: number; startedAt: number }

export function roomChannel(roomId: string): string {
  return `room:${roomId}`
}

/** Every relay listens here to what concerns users rather than rooms. */
export const controlChannel = 'control'

/** A user's sessions may have ended; or he is now in a room, or no longer. */
export type ControlEvent = { kind: 'session'; user_id: number } | { kind: 'membership'; user_id: number; room_id: string }

/** What a relay does beside passing the frame on. */
export type Effect =
  /** The user is no longer in the room: his sockets go, after this frame. */
  | { kind: 'removed'; userId: number }
  /** The room is gone: all its sockets go, after this frame. */
  | { kind: 'deleted' }
  /** From here on nobody may write in the room, or again everybody in it may. */
  | { kind: 'archived' | 'restored' }
  /** The frame is not for the sockets of this user. */
  | { kind: 'typist'; userId: number }
  /** The frame is for the sockets of this user alone. */
  | { kind: 'only'; userId: number }
  /** The frame is not for this connection, which has its own answer. */
  | { kind: 'origin'; connectionId: string }

/** One frame for everybody in a room. `seq` 0: not part of the history, passed on at once. */
export type BusEvent = { seq: number; effect: Effect | undefined; frame: string }

/**
 * Events of one room as one text: a line each, `seq TAB effect TAB frame`. JSON holds neither tabs nor line breaks, so frames pass unparsed. They are in
 * the order of their seqs, and all have one or none has.
 */
export function encodeEvents(events: readonly BusEvent[]): string {
  return events.map((event) => `${event.seq}\t${encodeEffect(event.effect)}\t${event.frame}`).join('\n')
}

/** The reverse of encodeEvents. Lines that are no events are left out: nothing on the bus may stop a relay. */
export function decodeEvents(text: string): BusEvent[] {
  const events: BusEvent[] = []
  for (let start = 0; start < text.length; ) {
    const lineBreak = text.indexOf('\n', start)
    const end = lineBreak < 0 ? text.length : lineBreak
    const event = decodeEvent(text, start, end)
    if (event) events.push(event)
    start = end + 1
  }
  return events
}

/** The seq of the last event in the text: whoever has that has all of them. Not a number where there is none. */
export function lastSeqOf(text: string): number {
  return Number.parseInt(text.slice(text.lastIndexOf('\n') + 1), 10)
}

/** Characters of a seq, an effect and two tabs. */
const longestHeader = 100
const header = /^(\d{1,16})\t([^\t\n]{0,80})\t/

function decodeEvent(text: string, start: number, end: number): BusEvent | undefined {
  const found = header.exec(text.slice(start, Math.min(end, start + longestHeader)))
  if (!found) return undefined
  const [whole, number, effectText] = found
  const seq = Number(number)
  const effect = effectText ? decodeEffect(effectText) : undefined
  // An effect that is not understood must not become none: the event is dropped, and caught up by its seq.
  if (!Number.isSafeInteger(seq) || (effectText && !effect)) return undefined
  return { seq, effect, frame: text.slice(start + whole.length, end) }
}

function encodeEffect(effect: Effect | undefined): string {
  if (!effect) return ''
  switch (effect.kind) {
    case 'deleted':
    case 'archived':
    case 'restored':
      return effect.kind
    case 'origin':
      return `origin ${effect.connectionId}`
    default:
      return `${effect.kind} ${effect.userId}`
  }
}

function decodeEffect(text: string): Effect | undefined {
  const [kind, value = ''] = text.split(' ')
  if (kind === 'deleted' || kind === 'archived' || kind === 'restored') return { kind }
  if (kind === 'origin') return { kind, connectionId: value }
  const userId = Number(value)
  if ((kind === 'removed' || kind === 'typist' || kind === 'only') && Number.isSafeInteger(userId) && userId > 0) return { kind, userId }
  return undefined
}
