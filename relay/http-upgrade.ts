import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Gives those who want a websocket to `upgrade`. To ask for another protocol, as curl and Java do with `h2c`, is a wish that HTTP/1.1 may
 * pass over: but by then Node no longer reads the request, so it is put back without the wish and read anew.
 */
export function onWebSocketUpgrade(server: Server, upgrade: Upgrade): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (tokensOf(request.headers.upgrade).includes('websocket')) return upgrade(request, socket, head)
    socket.unshift(Buffer.concat([Buffer.from(withoutTheWish(request), 'latin1'), head]))
    server.emit('connection', socket)
  })
}

const ofTheWish = ['upgrade', 'http2-settings']

/** The head of the request as it came, less what belongs to the upgrade. */
function withoutTheWish({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2)
    if (ofTheWish.includes(name.toLowerCase())) continue
    if (name.toLowerCase() !== 'connection') lines.push(`${name}: ${value}`)
    else
      lines.push(
        `${name}: ${
          tokensOf(value)
            .filter((token) => !ofTheWish.includes(token))
            .join(', ') || 'keep-alive'
        }`,
      )
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

function tokensOf(header = ''): string[] {
  return header.split(',').map((token) => token.trim().toLowerCase())
}
