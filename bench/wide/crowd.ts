import { WebSocket } from 'ws'
import type { Somebody } from '../../tests/chaos/actors/people.ts'

/** Sockets that count what they get. */
export type Crowd = {
  size: number
  /** Milliseconds until the last of them was let in. */
  openedIn: number
  closed(): number
  /** Resolves with the milliseconds from `started` until every socket that matters has seen that text. */
  seen(text: string, started: number, sockets?: number): Promise<number>
  close(): void
}

type Way = { url: string; people: readonly Somebody[]; socketsEach: number; room?: string | undefined }

/** Upgrades under way at once. */
const atOnce = 200

/** Opens them all; source addresses vary, since one has ports for 28 000 sockets only. */
export async function gather({ url, people, socketsEach, room }: Way): Promise<Crowd> {
  const sockets: WebSocket[] = []
  const waiting = new Map<string, { left: number; settle: () => void }>()
  let closed = 0
  const path = room === undefined ? '/ws/chat/' : `/ws/chat/${room}/`

  function hear(text: string) {
    const content = /"content":"([^"]*)"/.exec(text)?.[1]
    const wish = content === undefined ? undefined : waiting.get(content)
    if (wish && --wish.left === 0) wish.settle()
  }

  function open({ token }: Somebody): Promise<void> {
    const localAddress = `127.0.0.${2 + (sockets.length % 8)}`
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}?token=${token}`, { perMessageDeflate: false, localAddress })
    sockets.push(socket)
    socket.on('close', () => closed++)
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (bytes: Buffer) => {
        const text = bytes.toString()
        if (text.startsWith('{"type":"connection_established"')) resolve()
        else hear(text)
      })
    })
  }

  const wanted = people.flatMap((somebody) => Array.from({ length: socketsEach }, () => somebody))
  const size = wanted.length
  const started = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = wanted.pop(); next; next = wanted.pop()) await open(next)
    }),
  )
  return {
    size,
    openedIn: performance.now() - started,
    closed: () => closed,
    seen: (text, from, left = size) =>
      new Promise((resolve) => {
        waiting.set(text, { left, settle: () => resolve(performance.now() - from) })
      }),
    close() {
      for (const socket of sockets) socket.terminate()
    },
  }
}
