import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../../../db/embedded/free-port.ts'

/** The network between browsers and the service, in the hands of a test. */
export type Front = {
  url: string
  /** What browsers send goes no faster than so many bytes a second. */
  slowDown(bytesPerSecond: number): void
  /** Every connection breaks, and no new one comes about. */
  cut(): void
  /** The network is good again. */
  mend(): void
  close(): Promise<void>
}

/** One address for server and relay, as a proxy gives them to browsers: sockets go to the relay, everything else to the server. */
export async function openFront(serverPort: number, relayPort = serverPort): Promise<Front> {
  const open = new Set<Socket>()
  let isCut = false
  let rate = Number.POSITIVE_INFINITY

  const front = createServer((client) => {
    keep(client)
    if (isCut) return void client.destroy()
    client.once('data', (first) => {
      const upstream = connect(first.toString('latin1').startsWith('GET /ws/') ? relayPort : serverPort, '127.0.0.1')
      keep(upstream)
      upstream.write(first)
      client.on('data', (piece) => {
        const mayGoOn = upstream.write(piece)
        const pause = (piece.length / rate) * 1_000
        if (pause < 1 && mayGoOn) return
        client.pause()
        if (pause < 1) upstream.once('drain', () => client.resume())
        else setTimeout(() => client.resume(), pause)
      })
      upstream.pipe(client)
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
    })
  })
  function keep(socket: Socket) {
    open.add(socket)
    // Whatever breaks is closed, and its other half with it.
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  }
  const breakAll = () => {
    for (const socket of open) socket.destroy()
  }

  const port = await freePort()
  await new Promise<void>((resolve) => front.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    slowDown(bytesPerSecond) {
      rate = bytesPerSecond
    },
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
      rate = Number.POSITIVE_INFINITY
    },
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve())
        breakAll()
      }),
  }
}
