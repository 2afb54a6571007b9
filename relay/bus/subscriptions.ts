/** How channels are subscribed. Both commands resolve when every channel is confirmed. */
type SubscriberWire = {
  isReady(): boolean
  subscribe(channels: string[]): Promise<unknown>
  unsubscribe(channels: string[]): Promise<unknown>
  /** Breaks the connection: after a command that failed nobody knows what is subscribed. */
  reset(error: unknown): void
}

export type Subscriptions = {
  /** Resolves when confirmed. Rejects after a second, but the channel stays wanted and is subscribed when that becomes possible. */
  want(channel: string): Promise<void>
  forget(channel: string): void
  /** Gives up the channels that belong elsewhere now, with those who wait for them. */
  release(belongsElsewhere: (channel: string) => boolean): Map<string, Wish>
  /** Takes over what another released; `owes`: what was said on it meanwhile is lost. */
  adopt(channel: string, wish: Wish, owes: boolean): void
  isWanted(channel: string): boolean
  /** Nothing is owed: no break that `onRestored` has not yet followed. */
  isWhole(): boolean
  connected(): void
  disconnected(): void
  close(): void
}

type Waiter = { resolve(): void; reject(error: Error): void }

/** A wanted channel: who waits for its confirmation, and what is done when one of them waited in vain. */
export type Wish = { waiters: Set<Waiter>; onRefused(): void }

const confirmWithinMs = 1000
/** Confirmations of one command share its time-out of a second; a thousand take some ten milliseconds. */
const channelsPerCommand = 1000

/**
 * Keeps what is subscribed equal to what is wanted: one round of commands at a time, each carrying everything that changed during the one before.
 * So it is the last wish that counts, however wishes and confirmations overlap. `onRestored` follows a break, or a refusal, once all is subscribed.
 */
export function createSubscriptions(wire: SubscriberWire, onRestored: () => void): Subscriptions {
  const wanted = new Map<string, Wish>()
  const confirmed = new Set<string>()
  const changed = new Set<string>()
  let connection = 0
  let failed = -1
  let owed = false
  let running = false
  let closed = false

  function change(channel: string) {
    changed.add(channel)
    start()
  }

  /** After the current tick, so that all its changes go together. */
  function start() {
    if (running || closed) return
    running = true
    setImmediate(run)
  }

  async function run() {
    while (changed.size > 0 && canSend()) await round()
    // In the tick of the last look at `changed`: a change that comes later starts anew.
    running = false
    if (!owed || closed || !canSend()) return
    owed = false
    onRestored()
  }

  function canSend() {
    return wire.isReady() && connection !== failed
  }

  async function round() {
    const channels = takeFirst(changed, channelsPerCommand)
    const toSubscribe = channels.filter((channel) => wanted.has(channel) && !confirmed.has(channel))
    const toUnsubscribe = channels.filter((channel) => !wanted.has(channel) && confirmed.delete(channel))
    const current = connection
    try {
      await Promise.all([
        toSubscribe.length > 0 && wire.subscribe(toSubscribe),
        toUnsubscribe.length > 0 && wire.unsubscribe(toUnsubscribe),
      ])
      if (current === connection) for (const channel of toSubscribe) confirm(channel)
    } catch (error) {
      if (current === connection) fail(error)
    }
  }

  /** Its close follows, and what is wanted is asked for again. */
  function fail(error: unknown) {
    failed = connection
    wire.reset(error)
  }

  function confirm(channel: string) {
    confirmed.add(channel)
    for (const waiter of wanted.get(channel)?.waiters ?? []) waiter.resolve()
  }

  function want(channel: string): Promise<void> {
    if (closed) return Promise.reject(new Error('bus is closed'))
    const wish = wanted.get(channel) ?? { waiters: new Set(), onRefused: owe }
    wanted.set(channel, wish)
    if (confirmed.has(channel)) return Promise.resolve()
    change(channel)
    return wait(wish)
  }

  function owe() {
    owed = true
  }

  function forget(channel: string) {
    const wish = wanted.get(channel)
    if (!wish) return
    wanted.delete(channel)
    for (const waiter of wish.waiters) waiter.reject(new Error('unsubscribed meanwhile'))
    change(channel)
  }

  function release(belongsElsewhere: (channel: string) => boolean) {
    const released = new Map([...wanted].filter(([channel]) => belongsElsewhere(channel)))
    for (const channel of released.keys()) {
      wanted.delete(channel)
      change(channel)
    }
    return released
  }

  function adopt(channel: string, wish: Wish, owes: boolean) {
    wish.onRefused = owe
    wanted.set(channel, wish)
    if (owes) owe()
    change(channel)
  }

  function disconnected() {
    connection++
    owed = true
    confirmed.clear()
    changed.clear()
    for (const channel of wanted.keys()) changed.add(channel)
  }

  function close() {
    closed = true
    for (const { waiters } of wanted.values()) for (const waiter of waiters) waiter.reject(new Error('bus is closed'))
    wanted.clear()
  }

  const isWanted = (channel: string) => wanted.has(channel)
  return { want, forget, release, adopt, isWanted, isWhole: () => !owed, connected: start, disconnected, close }
}

function wait(wish: Wish): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      wish.waiters.delete(waiter)
      how()
    }
    const waiter: Waiter = { resolve: () => settle(resolve), reject: (error) => settle(() => reject(error)) }
    const timer = setTimeout(() => {
      wish.onRefused()
      waiter.reject(new Error('subscription was not confirmed in time'))
    }, confirmWithinMs)
    wish.waiters.add(waiter)
  })
}

function takeFirst(set: Set<string>, count: number): string[] {
  const taken: string[] = []
  for (const value of set) {
    if (taken.length === count) break
    taken.push(value)
    set.delete(value)
  }
  return taken
}
