import type { BrowserContext, WebSocketRoute } from 'playwright-core'

/** The socket's way through the network, in the hands of the test. */
export type Line = {
  /** Frames to the page for which this is true are lost. */
  lose: (frame: { type: string }) => boolean
  /** The network is gone: no socket, no request. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** The socket breaks; the next one is let through. */
  blip(): Promise<void>
}

export async function routeLine(context: BrowserContext): Promise<Line> {
  const open = new Set<WebSocketRoute>()
  let isCut = false
  const closeAll = async () => {
    const all = [...open]
    open.clear()
    await Promise.all(all.map((socket) => socket.close({ code: 3001 }).catch(() => undefined)))
  }
  const line: Line = {
    lose: () => false,
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
  }
  await context.routeWebSocket(/\/ws\/chat\//, (socket) => {
    if (isCut) return void socket.close({ code: 3001 })
    open.add(socket)
    const server = socket.connectToServer()
    socket.onMessage((text) => server.send(text))
    server.onMessage((text) => {
      if (!line.lose(JSON.parse(String(text)))) socket.send(text)
    })
  })
  return line
}
