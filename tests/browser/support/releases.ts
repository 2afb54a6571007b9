import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../db/embedded/free-port.ts'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

/** The page that was built for the other tests, and one of a later version whose list of chats is called so. */
export async function buildReleases(title: string) {
  const folder = await mkdtemp(join(tmpdir(), 'aristay-release-'))
  const { build } = await import('vite')
  const environment = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  const transform = (code: string, id: string) =>
    id.endsWith('/words/en.ts') ? code.replace(/title: 'Chats'/, `title: '${title}'`) : undefined
  await build({
    configFile: join(repository, 'vite.config.ts'),
    plugins: [{ name: 'title', enforce: 'pre', transform }],
    build: { outDir: folder },
  })
  process.env.NODE_ENV = environment
  return { first: join(repository, 'public/dist'), second: folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** The service with a page of whichever release: what that release does not have is not found, as after a deployment. */
export async function serveReleases(service: string, first: string) {
  const current = { page: first, worker: first, files: first }
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? '/', service)
    if (/^\/api\/chat\/?$/.test(pathname)) return void passOn(asked, answer, join(current.page, 'index.html'))
    if (pathname === '/api/chat/worker.js') return void passOn(asked, answer, join(current.worker, 'worker.js'))
    if (pathname.startsWith('/api/chat/assets/')) return void sendFile(answer, join(current.files, pathname.replace('/api/chat/', '')))
    passOn(asked, answer)
  })
  server.on('upgrade', (asked: IncomingMessage, socket) => {
    const upstream = request(new URL(asked.url ?? '/', service), { headers: asked.headers }).end()
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
    upstream.on('upgrade', ({ rawHeaders }, other) => {
      const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      other.on('error', () => socket.destroy())
      other.pipe(socket).pipe(other)
    })
  })

  /** What the service says, headers and all, with another body where a file is named. */
  function passOn(asked: IncomingMessage, answer: ServerResponse, file?: string) {
    const upstream = request(new URL(asked.url ?? '/', service), { method: asked.method, headers: asked.headers }, async (said) => {
      const body = file && (await readFile(file))
      answer.writeHead(said.statusCode ?? 502, { ...said.headers, ...(body ? { 'content-length': body.length } : {}) })
      if (body) answer.end(body)
      else said.pipe(answer)
    })
    upstream.on('error', () => answer.destroy())
    asked.pipe(upstream)
  }
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    /** Of the parts that are left out, nothing changes. */
    release(folder: string, parts: (keyof typeof current)[] = ['page', 'worker', 'files']): void {
      for (const part of parts) current[part] = folder
    },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

async function sendFile(answer: ServerResponse, file: string): Promise<void> {
  const body = await readFile(file).catch(() => undefined)
  if (!body) return void answer.writeHead(404).end()
  answer.writeHead(200, { 'content-type': types[extname(file)] ?? '', 'cache-control': 'public, max-age=31536000, immutable' }).end(body)
}
