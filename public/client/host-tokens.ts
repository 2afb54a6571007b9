import { createEmitter } from './emitter.ts'
import type { Clock } from './environment.ts'
import { SignedOutError } from './errors.ts'
import { lifetimeOf, timesOf } from './jwt.ts'
import { leadOf, type TokenSource } from './tokens.ts'

/** Asks the host application for a token; `refused` is one that is no longer good. Undefined: the user has signed out there. */
export type TokenProvider = (refused?: string) => Promise<string | undefined>

/** Tokens of a host application: it signs in and renews, this only asks, once at a time. */
export function hostTokens(provide: TokenProvider, clock: Clock): TokenSource {
  const events = createEmitter<{ token: string | undefined }>()
  let current: string | undefined
  let asking: Promise<string> | undefined

  const ask = async (refused: string | undefined) => {
    const token = await provide(refused)
    const isNew = token !== current
    current = token
    if (isNew) events.emit('token', token)
    if (token === undefined) throw new SignedOutError()
    return token
  }
  const renew = (refused: string | undefined) => {
    if (current !== undefined && current !== refused) return Promise.resolve(current)
    asking ??= ask(refused).finally(() => {
      asking = undefined
    })
    return asking
  }
  return {
    access: () => {
      if (current === undefined) return renew(undefined)
      const expires = timesOf(current)?.expires
      const endsSoon = expires !== undefined && expires - clock.now() <= leadOf(lifetimeOf(current))
      return endsSoon ? renew(current) : Promise.resolve(current)
    },
    renew,
    expiresAt: () => (current === undefined ? undefined : timesOf(current)?.expires),
    onToken: (listener) => events.on('token', listener),
  }
}
