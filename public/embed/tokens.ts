import type { TokenProvider } from '../client/index.ts'

/** The host application's tokens, however it gives them: by a function, or by setting a new one whenever the last is no longer good. */
export function createHostTokens(askHost: () => void) {
  let provider: TokenProvider | undefined
  let token: string | null | undefined
  let waiting: (() => void)[] = []

  const changed = () => {
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }
  /** Waits for the host as long as it says nothing; null says that nobody is signed in. */
  async function provide(refused?: string): Promise<string | undefined> {
    if (provider) return provider(refused)
    if (token === null) return undefined
    if (token !== undefined && token !== refused) return token
    const next = new Promise<void>((resolve) => waiting.push(resolve))
    askHost()
    await next
    return provide(refused)
  }
  return {
    provide,
    get token() {
      return token
    },
    setToken(next: string | null | undefined): void {
      token = next
      changed()
    },
    get provider() {
      return provider
    },
    setProvider(next: TokenProvider | undefined): void {
      provider = next
      changed()
    },
  }
}
