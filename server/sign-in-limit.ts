import { tooManyRequests } from '../schemas/errors.ts'
import { networkOf } from './network.ts'

type Options = {
  /** Failures of one username from one address. */
  perUsername?: number
  /** Failures of whatever username from one address. */
  perAddress?: number
  windowMs?: number
  /** Counters kept, of each sort. */
  entries?: number
}

/** Slows down whoever guesses passwords. Counts in this process only: several servers let through as many times the failures. */
export class SignInLimit {
  readonly #usernames: Failures
  readonly #addresses: Failures

  constructor({ perUsername = 10, perAddress = 100, windowMs = 5 * 60_000, entries = 20_000 }: Options = {}) {
    this.#usernames = new Failures(perUsername, windowMs, entries)
    this.#addresses = new Failures(perAddress, windowMs, entries)
  }

  /**
   * Throws `too_many_requests` when there were too many failures. To be asked before the password is looked at and again before the
   * outcome is told: otherwise a thousand guesses at once would all pass before the first has failed.
   */
  check(username: string, address: string): void {
    const network = networkOf(address)
    const waitMs = Math.max(this.#usernames.waitMs(keyOf(username, network)), this.#addresses.waitMs(network))
    if (waitMs > 0) throw tooManyRequests(Math.ceil(waitMs / 1000))
  }

  failed(username: string, address: string): void {
    const network = networkOf(address)
    this.#usernames.add(keyOf(username, network))
    this.#addresses.add(network)
  }

  /** Forgets the failures of the username, not those of the address: one account of one's own must not open all others. */
  succeeded(username: string, address: string): void {
    this.#usernames.forget(keyOf(username, networkOf(address)))
  }
}

/** Failures by key, from the first one on for the length of the window. */
class Failures {
  readonly #limit: number
  readonly #windowMs: number
  readonly #entries: number
  /** In the order of their first failures, so that the oldest go first. */
  readonly #byKey = new Map<string, { count: number; endsAt: number }>()

  constructor(limit: number, windowMs: number, entries: number) {
    this.#limit = limit
    this.#windowMs = windowMs
    this.#entries = entries
  }

  waitMs(key: string): number {
    const found = this.#byKey.get(key)
    return found && found.count >= this.#limit ? found.endsAt - Date.now() : 0
  }

  add(key: string): void {
    this.#forgetPast()
    const found = this.#byKey.get(key)
    if (found) found.count += 1
    else this.#byKey.set(key, { count: 1, endsAt: Date.now() + this.#windowMs })
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }

  #forgetPast(): void {
    for (const [key, { endsAt }] of this.#byKey) {
      if (endsAt > Date.now() && this.#byKey.size < this.#entries) return
      this.#byKey.delete(key)
    }
  }
}

function keyOf(username: string, network: string): string {
  return `${network} ${username}`
}
