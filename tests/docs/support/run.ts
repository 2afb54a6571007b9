import { TestSocket } from '../../support/socket.ts'
import { differences, fill, type Names, readExpected } from './compare.ts'
import type { HttpExample, SocketExample, Step } from './examples.ts'

/** `publicUrl` stands in the document for `url`; `files` are the bytes that `<the bytes of NAME>` stands for. */
type Options = { url: string; publicUrl: string; files: Record<string, Buffer> }
type Told = { socket: TestSocket; taken: Set<unknown> }

/** Does what the examples say, one after another; what one was answered the later ones know. Throws where the service answers otherwise. */
export function createRunner({ url, publicUrl, files }: Options) {
  const names: Names = new Map()
  const sockets = new Map<string, Told>()
  /** Every request that was made: method and path, without the query. */
  const asked: [method: string, path: string][] = []

  async function runHttp({ request, answer }: HttpExample): Promise<void> {
    const address = new URL(fill(request.path, names), publicUrl)
    asked.push([request.method, address.pathname])
    const headers = mapValues(request.headers, (value) => fill(value, names))
    const body = request.body === '' ? undefined : bytesOf(request, fill(request.body, names))
    const response = await fetch(`${url}${address.pathname}${address.search}`, { method: request.method, headers, body: body ?? null })
    const bytes = Buffer.from(await response.arrayBuffer())
    const told = Object.fromEntries(Object.keys(answer.headers).map((name) => [name, response.headers.get(name)]))
    require([
      ...differences(answer.status, response.status, names, 'status'),
      ...differences(answer.headers, told, names, 'headers'),
      ...differencesOfBody(answer.body, bytes),
    ], bytes.toString('utf8'))
  }

  function differencesOfBody(expected: string, bytes: Buffer): string[] {
    const file = fileOf(expected)
    if (file) return file.equals(bytes) ? [] : ['the body has other bytes']
    if (expected === '') return bytes.length === 0 ? [] : ['there is a body']
    return differences(readExpected(expected), JSON.parse(bytes.toString('utf8')), names)
  }

  function fileOf(text: string): Buffer | undefined {
    return files[/^<the bytes of (.+)>$/.exec(text)?.[1] ?? '']
  }

  function bytesOf({ headers }: HttpExample['request'], body: string): Uint8Array<ArrayBuffer> {
    if (!headers['content-type']?.startsWith('multipart/')) return new Uint8Array(Buffer.from(body))
    const lines = body.split('\n').map((line) => Buffer.concat([fileOf(line) ?? Buffer.from(line), Buffer.from('\r\n')]))
    return new Uint8Array(Buffer.concat(lines))
  }

  async function runSockets({ steps }: SocketExample): Promise<void> {
    for (const step of steps) await doStep(step)
  }

  async function doStep({ who, verb, rest, frame }: Step): Promise<void> {
    if (verb === 'opens') return open(who, fill(rest, names))
    const told = sockets.get(who)
    if (!told) throw new Error(`${who} has no socket`)
    switch (verb) {
      case 'sends':
        return told.socket.send(fill(frame, names))
      case 'receives':
        return receive(who, told, readExpected(frame) as { type: string })
      case 'closes':
        return told.socket.close()
      case 'is closed with':
        return require(differences(Number(rest), await told.socket.closed, names, 'close code'))
      case 'is refused with':
        return require(differences(Number(rest), await told.socket.refused, names, 'status'))
    }
  }

  function open(who: string, path: string) {
    sockets.get(who)?.socket.close()
    sockets.set(who, { socket: new TestSocket(`${url.replace('http', 'ws')}${path}`), taken: new Set() })
  }

  /** The first frame of that type that no example told of yet: types may overtake each other, frames of one type may not. */
  async function receive(who: string, { socket, taken }: Told, expected: { type: string }): Promise<void> {
    const frame = await nextOf(socket, expected.type, taken)
    taken.add(frame)
    require(differences(expected, frame, names, `${who}'s ${expected.type}`), JSON.stringify(frame))
  }

  return {
    asked,
    run: (example: HttpExample | SocketExample) => (example.kind === 'http' ? runHttp(example) : runSockets(example)),
    close() {
      for (const { socket } of sockets.values()) socket.close()
    },
  }
}

function nextOf(socket: TestSocket, type: string, taken: ReadonlySet<unknown>): Promise<unknown> {
  const find = () => socket.frames.find((frame) => frame.type === type && !taken.has(frame))
  const there = find()
  if (there) return Promise.resolve(there)
  return new Promise((resolve) => {
    // After the socket's own listener, which has put the frame among the others.
    socket.raw.on('message', function look() {
      const found = find()
      if (!found) return
      socket.raw.off('message', look)
      resolve(found)
    })
  })
}

function require(wrong: string[], whole = ''): void {
  if (wrong.length > 0) throw new Error([...wrong, whole].join('\n'))
}

function mapValues(values: Record<string, string>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
