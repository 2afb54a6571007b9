import type { TokenProvider } from '../client/index.ts'
import { type Theme, themes } from '../store/preferences.ts'
import { createHostTokens } from './tokens.ts'

type Mounted = Awaited<ReturnType<typeof import('./mount.tsx').mount>>

/** Where this script came from is where the service is. */
const home = new URL(import.meta.url).origin

/**
 * `<aristay-chat room="…" base-url="…" theme="system|light|dark">`: the chat within a page of a host application, which signs in.
 * Events: `token-needed` when there is no token or the last was refused, `unread` with the number in `detail`.
 */
export class ChatElement extends HTMLElement {
  static observedAttributes = ['room', 'theme']
  readonly #tokens = createHostTokens(() => this.dispatchEvent(new CustomEvent('token-needed')))
  #mounted: Promise<Mounted> | undefined

  /** An access token; null when nobody is signed in. */
  get token(): string | null | undefined {
    return this.#tokens.token
  }
  set token(token: string | null | undefined) {
    this.#tokens.setToken(token)
  }

  /** Gives a token whenever one is wanted; gets the one that was refused. */
  get tokenProvider(): TokenProvider | undefined {
    return this.#tokens.provider
  }
  set tokenProvider(provider: TokenProvider | undefined) {
    this.#tokens.setProvider(provider)
  }

  connectedCallback(): void {
    // A property that was set before this script came is the element's own, and hides the accessor.
    for (const name of ['token', 'tokenProvider'] as const) this.#adopt(name)
    this.#mounted ??= this.#mount()
  }

  disconnectedCallback(): void {
    // Moved within the page it is connected again at once, and stays as it is.
    queueMicrotask(() => {
      if (this.isConnected) return
      void this.#mounted?.then(({ close }) => close())
      this.#mounted = undefined
    })
  }

  attributeChangedCallback(name: string): void {
    if (name === 'room') void this.#mounted?.then(({ showRoom }) => showRoom(this.#room))
    else void this.#mounted?.then(({ setTheme }) => setTheme(this.#theme))
  }

  get #room(): string | undefined {
    return this.getAttribute('room')?.trim().toLowerCase() || undefined
  }

  get #theme(): Theme | undefined {
    return themes.find((each) => each === this.getAttribute('theme'))
  }

  async #mount(): Promise<Mounted> {
    const { mount } = await import('./mount.tsx')
    return mount(this, {
      baseUrl: (this.getAttribute('base-url') ?? home).replace(/\/+$/, ''),
      room: this.#room,
      theme: this.#theme,
      tokenProvider: this.#tokens.provide,
      onUnread: (count) => this.dispatchEvent(new CustomEvent('unread', { detail: count })),
    })
  }

  #adopt(name: 'token' | 'tokenProvider'): void {
    if (!Object.hasOwn(this, name)) return
    const value = this[name]
    delete this[name]
    Object.assign(this, { [name]: value })
  }
}
