import type { SignedIn, TokenPair } from '../../schemas/tokens.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import type { Clock, Lock } from './environment.ts'
import { ApiError, SignedOutError } from './errors.ts'
import type { Transport } from './http.ts'
import { lifetimeOf } from './jwt.ts'

/** Whoever can give tokens: the client's own sign-in, or a host application. */
export interface TokenSource {
  /** A token that is good for a while. Rejects with SignedOutError, or with an ApiError when none could be had now. */
  access(): Promise<string>
  /** A newer token than the one that was refused. Rejects like `access`. */
  renew(refused: string): Promise<string>
  /** When the current token ends, in milliseconds since 1970 by this machine's clock; undefined when unknown. */
  expiresAt(): number | undefined
  /** Every new token; undefined when nobody is signed in any more. */
  onToken(listener: (token: string | undefined) => void): () => void
}

export type User = SignedIn['user']
/** `refresh` is null where the browser keeps it in a cookie that scripts cannot read. */
export type StoredTokens = { access: string; refresh: string | null; expires_at: number | null; user: User | null }

/** Where the sign-in outlives the page. Tabs that share a store must share the lock too: a refresh token is good for one use. */
export interface TokenStore {
  get(): Promise<StoredTokens | undefined>
  put(tokens: StoredTokens): Promise<void>
  delete(): Promise<void>
}

export function memoryTokenStore(): TokenStore {
  let kept: StoredTokens | undefined
  return {
    get: async () => kept,
    put: async (tokens) => {
      kept = tokens
    },
    delete: async () => {
      kept = undefined
    },
  }
}

export type TokensOptions = {
  transport: Transport
  clock: Clock
  store: TokenStore
  lock: Lock
  /** The refresh token travels in an HttpOnly cookie: nothing is sent or kept here. */
  cookie?: boolean
}

/** Renewed this long before the end, or after four fifths of a short life. */
const ahead = 60_000

/** Signs in and out, and renews: one renewal at a time, ahead of the end. */
export class Tokens implements TokenSource {
  readonly #options: TokensOptions
  readonly #events: Emitter<{ token: string | undefined }> = createEmitter()
  #current: StoredTokens | undefined
  #lifetime = 0
  #renewal: Promise<string> | undefined
  /** Signed out on purpose: what a cookie may still give is for nobody. */
  #left = false

  constructor(options: TokensOptions) {
    this.#options = options
  }

  /** Rejects with an ApiError: 401 when name or password are wrong, 429 after too many tries. */
  async signIn(username: string, password: string): Promise<User> {
    const signedIn = await this.#ask<SignedIn>('/api/token/', { username, password })
    // Whoever was signed in before is signed out first, for all that listen.
    if (await this.#load()) await this.#forget()
    this.#left = false
    await this.#take(signedIn, signedIn.user)
    return signedIn.user
  }

  /** Forgets the tokens and has them revoked; without a connection they are only forgotten. */
  async signOut(): Promise<void> {
    this.#left = true
    // What a renewal under way still brings is revoked, too.
    await this.#renewal?.catch(() => undefined)
    const current = await this.#load()
    await this.#forget()
    try {
      const pair = current && !this.#isOver(current) ? current : await this.#lastPair(current)
      const body = pair.refresh === null ? {} : { refresh: pair.refresh }
      await this.#ask('/api/token/revoke/', body, pair.access)
    } catch {
      // Without a connection, or signed out already: forgotten is all there is.
    }
  }

  /** Another tab has signed in: what its cookie gives is good here, too. */
  comeBack(): Promise<string> {
    this.#left = false
    return this.access()
  }

  /** Only who is signed in may revoke: where the access token is over, or none was had yet, one more is asked for. */
  async #lastPair(stored: StoredTokens | undefined): Promise<Pick<StoredTokens, 'access' | 'refresh'>> {
    if (!stored && !this.#options.cookie) throw new SignedOutError()
    const pair = await this.#ask<TokenPair>('/api/token/refresh/', stored?.refresh ? { refresh: stored.refresh } : {})
    return { access: pair.access, refresh: this.#options.cookie ? null : pair.refresh }
  }

  /** Who signed in here; null when only a cookie says so. */
  async user(): Promise<User | null> {
    return (await this.#load())?.user ?? null
  }

  async access(): Promise<string> {
    const current = await this.#load()
    if (!current) return this.renew('')
    if (!this.#endsSoon(current)) return current.access
    try {
      return await this.renew(current.access)
    } catch (cause) {
      // Offline, a token that still has a minute is better than none.
      if (cause instanceof ApiError && !this.#isOver(current)) return current.access
      throw cause
    }
  }

  renew(refused: string): Promise<string> {
    this.#renewal ??= this.#options
      .lock('aristay-chat-tokens', () => this.#renewNow(refused))
      .finally(() => {
        this.#renewal = undefined
      })
    return this.#renewal
  }

  expiresAt(): number | undefined {
    return this.#current?.expires_at ?? undefined
  }

  onToken(listener: (token: string | undefined) => void): () => void {
    return this.#events.on('token', listener)
  }

  #ask<Answer>(path: string, body: object, token?: string): Promise<Answer> {
    const byCookie = this.#options.cookie ? { headers: { 'x-token-cookie': '1' }, keepalive: true } : {}
    return this.#options.transport<Answer>({ method: 'POST', path, body, ...byCookie }, token)
  }

  async #renewNow(refused: string): Promise<string> {
    if (this.#left) throw new SignedOutError()
    const stored = await this.#options.store.get()
    if (stored && stored.access !== refused && !this.#isOver(stored)) return this.#adopt(stored)
    if (!stored && !this.#options.cookie) throw new SignedOutError()
    const body = stored?.refresh ? { refresh: stored.refresh } : {}
    try {
      const pair = await this.#ask<TokenPair>('/api/token/refresh/', body)
      const access = await this.#take(pair, stored?.user ?? null)
      if (this.#left) throw new SignedOutError()
      return access
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status === 0 || cause.status === 429 || cause.status >= 500) throw cause
      return this.#refused(stored)
    }
  }

  /** Another tab without a lock may have used the refresh token first: then its tokens are the good ones. */
  async #refused(used: StoredTokens | undefined): Promise<string> {
    const stored = await this.#options.store.get()
    if (stored && stored.access !== used?.access) return this.#adopt(stored)
    await this.#forget()
    throw new SignedOutError()
  }

  async #load(): Promise<StoredTokens | undefined> {
    if (!this.#current) {
      this.#current = await this.#options.store.get()
      this.#lifetime = this.#current ? lifetimeOf(this.#current.access) : 0
    }
    return this.#current
  }

  async #take(pair: TokenPair, user: User | null): Promise<string> {
    const lifetime = lifetimeOf(pair.access)
    const expires_at = lifetime > 0 ? this.#options.clock.now() + lifetime : null
    const refresh = this.#options.cookie ? null : pair.refresh
    const tokens = { access: pair.access, refresh, expires_at, user }
    await this.#options.store.put(tokens)
    return this.#adopt(tokens)
  }

  #adopt(tokens: StoredTokens): string {
    const isNew = tokens.access !== this.#current?.access
    this.#current = tokens
    this.#lifetime = lifetimeOf(tokens.access)
    if (isNew && !this.#left) this.#events.emit('token', tokens.access)
    return tokens.access
  }

  async #forget(): Promise<void> {
    this.#current = undefined
    await this.#options.store.delete()
    this.#events.emit('token', undefined)
  }

  #endsSoon(tokens: StoredTokens): boolean {
    return tokens.expires_at !== null && tokens.expires_at - this.#options.clock.now() <= leadOf(this.#lifetime)
  }

  #isOver(tokens: StoredTokens): boolean {
    return tokens.expires_at !== null && tokens.expires_at <= this.#options.clock.now()
  }
}

/** Milliseconds before the end at which a token of this life is renewed. */
export function leadOf(lifetime: number): number {
  return lifetime > 0 ? Math.min(ahead, lifetime / 5) : ahead
}
