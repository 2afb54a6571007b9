import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A page of another origin. `html` is asked for with every request. */
export async function serveForeignPage(html: () => string) {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end(html()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) }
}
