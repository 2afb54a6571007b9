import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { stores } from './stores.ts'

// A chat as a good developer writes it with socket.io: signed-in sockets in rooms, each message stored with an INSERT, then broadcast
// through the Redis adapter, then acknowledged.

const { PORT, DATABASE_URL = '', REDIS_URL = '', JWT_SIGNING_KEY = '', STORE = '' } = process.env
const longestMessage = 10_000

const open = stores[STORE]
if (!open) throw new Error(`there is no store ${STORE}`)
const store = await open(DATABASE_URL)

type Person = { id: number; username: string; room: string }
type Reply = (answer: { ok: true; id: string } | { ok: false; error: string }) => void

const http = createServer((_request, response) => response.end('ok'))
const publisher = new Redis(REDIS_URL)
const adapter = createAdapter(publisher, publisher.duplicate())
const io = new Server<{ chat_message: (message: unknown, reply: Reply) => void }, { chat_message: (message: object) => void }>(http, {
  adapter,
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
})

io.use((socket, next) => {
  const { token, room } = socket.handshake.auth
  const id = typeof token === 'string' ? userOf(token) : undefined
  if (id === undefined || typeof room !== 'string') return next(new Error('not signed in'))
  socket.data = { id, username: `person-${id}`, room } satisfies Person
  next()
})

io.on('connection', async (socket) => {
  const person: Person = socket.data
  socket.on('chat_message', (message, reply) => {
    send(person, message).then(reply, () => reply({ ok: false, error: 'not stored' }))
  })
  await socket.join(person.room)
})

async function send({ id: senderId, username, room }: Person, message: unknown): Promise<Parameters<Reply>[0]> {
  const text = typeof message === 'object' && message !== null && 'text' in message ? message.text : undefined
  if (typeof text !== 'string' || text.trim() === '' || text.length > longestMessage) return { ok: false, error: 'no text' }
  const row = await store({ room, senderId, text })
  if (!row) return { ok: false, error: 'not stored' }
  const sender = { id: senderId, username }
  io.to(room).emit('chat_message', { id: row.id, room, sender, content: text, created_at: row.created_at })
  return { ok: true, id: row.id }
}

/** The user of a token whose signature and time are good. */
function userOf(token: string): number | undefined {
  const [head, claims, signature] = token.split('.')
  const expected = createHmac('sha256', JWT_SIGNING_KEY).update(`${head}.${claims}`).digest()
  const given = Buffer.from(signature ?? '', 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const { user_id, exp } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())
  return exp * 1_000 > Date.now() ? Number(user_id) : undefined
}

http.listen(Number(PORT), '127.0.0.1', 4_096)
process.once('SIGTERM', () => process.exit(0))
