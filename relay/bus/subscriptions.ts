/** How channels are subscribed. Both commands resolve when every channel is confirmed. */
type SubscriberWire = {
  isReady(): boolean
  subscribe(channels: string[]): Promise<unknown>
  unsubscribe(channels: string[]): Promise<unknown>
  /** Breaks the connection: after a command that failed nobody knows what is subscribed. */
  reset(error: unknown): void
}

type Subscriptions = {
  /** Resolves when confirmed. Rejects after a second, but the channel stays wanted and is subscribed when that becomes possible. */
  want(channel: string): Promise<void>
  forget(channel: string): void
  isWanted(channel: string): boolean
  /** Nothing is owed: no break that `onRestored` has not yet followed. */
  isWhole(): boolean
  connected(): void
  disconnected(): void
  close(): void
}

type Waiter = { resolve(): void; reject(error: Error): void }

const confirmWithinMs = 1000
/** Confirmations of one command share its time-out of a second; a thousand take some ten milliseconds. */
const channelsPerCommand = 1000

/**
 * Keeps what is subscribed equal to what is wanted: one round of commands at a time, each carrying everything that changed during the one before.
 * So it is the last wish that counts, however wishes and confirmations overlap. `onRestored` follows a break, or a refusal, once all is subscribed.
 */
export function createSubscriptions(wire: SubscriberWire, onRestored: () => void): Subscriptions {
  const wanted = new Map<string, Set<Waiter>>()
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
    for (const waiter of wanted.get(channel) ?? []) waiter.resolve()
  }

  function want(channel: string): Promise<void> {
    if (closed) return Promise.reject(new Error('bus is closed'))
    const waiters = wanted.get(channel) ?? new Set()
    wanted.set(channel, waiters)
    if (confirmed.has(channel)) return Promise.resolve()
    change(channel)
    return wait(waiters, () => (owed = true))
  }

  function forget(channel: string) {
    const waiters = wanted.get(channel)
    if (!waiters) return
    wanted.delete(channel)
    for (const waiter of waiters) waiter.reject(new Error('unsubscribed meanwhile'))
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
    for (const waiters of wanted.values()) for (const waiter of waiters) waiter.reject(new Error('bus is closed'))
    wanted.clear()
  }

  return { want, forget, isWanted: (channel) => wanted.has(channel), isWhole: () => !owed, connected: start, disconnected, close }
}

function wait(waiters: Set<Waiter>, onRefused: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      waiters.delete(waiter)
      how()
    }
    const waiter: Waiter = { resolve: () => settle(resolve), reject: (error) => settle(() => reject(error)) }
    const timer = setTimeout(() => {
      onRefused()
      waiter.reject(new Error('subscription was not confirmed in time'))
    }, confirmWithinMs)
    waiters.add(waiter)
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
