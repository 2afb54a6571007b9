import { signal } from '@preact/signals'
import type { ChatClient } from '../client/index.ts'
import type { Kept, KeptUser } from './kept.ts'

/** `starting` until it is known whether somebody is signed in. */
export type Phase = 'starting' | 'signed_out' | 'signed_in'
export type Session = ReturnType<typeof createSession>

/** Who uses the page. A lost connection changes nothing here; only a sign-in that is over does. */
export function createSession(client: ChatClient, kept: Kept) {
  const phase = signal<Phase>('starting')
  const me = signal<KeptUser | undefined>(undefined)
  const tabs = new BroadcastChannel('aristay-chat-session')
  let started = false

  const begin = async (user: KeptUser) => {
    me.value = user
    phase.value = 'signed_in'
    await kept.user.put(user)
    // Whoever was here before left by another door, if at all.
    void kept.forgetRooms(user.id)
    if (started) return
    started = true
    await client.start(user.id)
  }
  const end = () => {
    void kept.signOut()
    me.value = undefined
    phase.value = 'signed_out'
  }

  client.on('status', ({ phase: now }) => {
    if (now === 'signed_out' && phase.peek() !== 'signed_out') end()
  })
  client.on('established', ({ user_id, username }) => void begin({ id: user_id, username }))
  tabs.addEventListener('message', ({ data }: MessageEvent<KeptUser>) => {
    if (phase.peek() === 'signed_out') void begin(data).then(() => client.signIn?.comeBack().catch(() => undefined))
  })

  return {
    phase,
    me,
    /** Goes on with the sign-in of an earlier page, if there was one; a host application's user is known once it gives a token. */
    async start(): Promise<void> {
      const user = client.signIn && (await kept.user.get())
      if (user) return begin(user)
      if (client.signIn) {
        phase.value = 'signed_out'
        void kept.forgetRooms()
        return
      }
      started = true
      await client.start()
    },
    /** Rejects with an ApiError. */
    async signIn(username: string, password: string): Promise<void> {
      const user = await client.signIn?.signIn(username, password)
      if (!user) return
      await begin({ id: user.id, username: user.username })
      tabs.postMessage({ id: user.id, username: user.username })
    },
    async signOut(): Promise<void> {
      await client.signIn?.signOut()
      end()
    },
    close: () => tabs.close(),
  }
}
