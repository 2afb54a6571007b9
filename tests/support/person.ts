import { TestSocket } from './socket.ts'

/** An answer as a test looks at it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape; the server checks them with their schemas.
export type Answer = { status: number; body: any; headers: Headers }

type Message = Record<string, unknown>

/** Somebody who uses the service over HTTP and sockets, with tokens of his own. */
export class Person {
  access = ''
  refresh = ''
  readonly url: string
  readonly id: number
  readonly username: string
  private readonly sockets = new Set<TestSocket>()

  constructor(url: string, id: number, username: string) {
    this.url = url
    this.id = id
    this.username = username
  }

  async signIn(password: string): Promise<void> {
    const { status, body } = await this.request('POST', '/api/token/', { username: this.username, password })
    if (status !== 200) throw new Error(`${this.username} cannot sign in: ${JSON.stringify(body)}`)
    this.access = body.access
    this.refresh = body.refresh
  }

  get = (path: string) => this.request('GET', path)
  post = (path: string, body?: unknown) => this.request('POST', path, body)
  patch = (path: string, body?: unknown) => this.request('PATCH', path, body)
  put = (path: string, body?: unknown) => this.request('PUT', path, body)
  delete = (path: string) => this.request('DELETE', path)

  /** Sends JSON, or a FormData or URLSearchParams as it is. A token only when signed in. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isForm = body instanceof FormData || body instanceof URLSearchParams
    const response = await fetch(path.startsWith('http') ? path : `${this.url}${path}`, {
      method,
      headers: {
        ...(this.access ? { authorization: `Bearer ${this.access}` } : {}),
        ...(body !== undefined && !isForm ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body !== undefined ? { body: isForm ? body : typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parse(text) }
  }

  /** Sends a text and gives the stored message. */
  async say(room: string, content: string, more: Message = {}): Promise<Answer['body']> {
    const { status, body } = await this.post('/api/chat/messages/', { room, content, ...more })
    if (status !== 201 && status !== 200) throw new Error(`not sent: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** Opens the socket of a room, or of all rooms, and waits for its first frame. `query` is added to the address. */
  async connect(room?: string, query = ''): Promise<TestSocket> {
    const socket = this.open(room, query)
    await socket.next('connection_established')
    return socket
  }

  /** Opens a socket and waits for nothing. */
  open(room?: string, query = '', headers: Record<string, string> = {}): TestSocket {
    const path = room === undefined ? '/ws/chat/' : `/ws/chat/${room}/`
    const socket = new TestSocket(`${this.url.replace('http', 'ws')}${path}?token=${this.access}${query}`, headers)
    this.sockets.add(socket)
    return socket
  }

  disconnectAll(): void {
    for (const socket of this.sockets) socket.close()
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}
