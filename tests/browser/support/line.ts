import { setTimeout as wait } from 'node:timers/promises'
import type { BrowserContext, WebSocketRoute } from 'playwright-core'

/** The socket's way through the network, in the hands of the test. */
export type Line = {
  /** Frames to the page for which this is true are lost. */
  lose: (frame: { type: string }) => boolean
  /** Commands of the page for which this is true are lost. */
  swallow: (command: { type: string }) => boolean
  /** The network is gone: no socket, no request. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Everything takes so many milliseconds longer: frames both ways, in their order, and requests. */
  slow(milliseconds: number): Promise<void>
  /** The socket breaks; the next one is let through. */
  blip(): Promise<void>
}

export async function routeLine(context: BrowserContext): Promise<Line> {
  const open = new Set<WebSocketRoute>()
  let isCut = false
  let delay = 0
  /** Timers of equal length fire in the order in which they were set. */
  const later = (pass: () => void) => (delay > 0 ? setTimeout(pass, delay) : pass())
  const closeAll = async () => {
    const all = [...open]
    open.clear()
    await Promise.all(all.map((socket) => socket.close({ code: 3001 }).catch(() => undefined)))
  }
  const line: Line = {
    lose: () => false,
    swallow: () => false,
    async cut() {
      isCut = true
      await context.setOffline(true)
      await closeAll()
    },
    async mend() {
      isCut = false
      await context.setOffline(false)
    },
    blip: closeAll,
    async slow(milliseconds) {
      delay = milliseconds
      await context.route('**/api/**', async (route) => {
        await wait(milliseconds)
        await route.continue()
      })
    },
  }
  await context.routeWebSocket(/\/ws\/chat\//, (socket) => {
    if (isCut) return void socket.close({ code: 3001 })
    open.add(socket)
    const server = socket.connectToServer()
    socket.onMessage((text) => {
      if (!line.swallow(JSON.parse(String(text)))) later(() => server.send(text))
    })
    server.onMessage((text) => {
      if (!line.lose(JSON.parse(String(text)))) later(() => socket.send(text))
    })
  })
  return line
}
