import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'

// The limit of what one can hope for: sockets by room, and a loop. Nothing is checked, nothing is kept.

const http = createServer((_request, response) => response.end('ok'))
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false })
const rooms = new Map<string, Set<WebSocket>>()
let lastId = 0

sockets.on('connection', (socket, request) => {
  const name = request.url ?? '/'
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room.add(socket))
  socket.on('error', () => socket.terminate())
  socket.on('close', () => room.delete(socket))
  socket.on('message', (text) => {
    const { type, message } = JSON.parse(String(text))
    const frame = JSON.stringify({ type, message: { id: ++lastId, room: name, content: message, created_at: new Date().toISOString() } })
    for (const member of room) member.send(frame)
  })
})

http.listen(Number(process.env.PORT), '127.0.0.1', 4_096)
process.once('SIGTERM', () => process.exit(0))
