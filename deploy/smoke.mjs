// The README's first command, as a newcomer gives it: clones this checkout, says `npm start`, sends a message from alice to bob, stops it with Ctrl-C's signal
// and looks for what was left running.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), 'aristay-smoke-'))
const clone = join(folder, 'clone')
/** Marks every process that comes of this start, through its environment. */
const mark = `ARISTAY_SMOKE=${folder}`

try {
  execFileSync('git', ['clone', '--quiet', root, clone])
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const cold = await start(port, origin, 180)
  await conversation(origin)
  await stop(cold)
  const warm = await start(port, origin, 30)
  await conversation(origin)
  await stop(warm)
} finally {
  for (const pid of leftRunning()) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** Resolves when the service answers; how long that took is part of the output. */
async function start(port, origin, seconds) {
  const began = performance.now()
  const { DATABASE_URL, REDIS_URL, DATA_DIR, ...inherited } = process.env
  const env = { ...inherited, PORT: String(port), ARISTAY_SMOKE: folder }
  // A group of its own, so that the signal reaches npm and all of its children, as Ctrl-C in a terminal does.
  const child = spawn('npm', ['start'], { cwd: clone, env, detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit')
  while (!(await answers(`${origin}/readyz`))) {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`)
    if (performance.now() - began > seconds * 1000) throw new Error(`npm start was not ready after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  console.log(`ready after ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return { child, ended }
}

async function stop({ child, ended }) {
  process.kill(-child.pid, 'SIGINT')
  const [code, signal] = await within(20, ended, 'npm start did not stop')
  if (code !== 0) throw new Error(`npm start ended with ${code ?? signal} instead of 0`)
  const rest = leftRunning()
  if (rest.length > 0) throw new Error(`still running after npm start ended: ${rest.map(commandLine).join('; ')}`)
  console.log('stopped with 0, nothing left running')
}

/** What the oldest client there is would do. */
async function conversation(origin) {
  const alice = await signIn(origin, 'alice')
  const bob = await signIn(origin, 'bob')
  const rooms = await call(origin, 'GET', '/api/chat/rooms/?room_type=direct', bob)
  const room = rooms.results.find(({ display_name }) => display_name.toLowerCase().includes('alice'))
  if (!room) throw new Error('bob has no direct room with alice')
  const { WebSocket } = createRequire(join(clone, 'package.json'))('ws')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws/chat/${room.id}/?token=${bob}`)
  const content = `hello at ${Date.now()}`
  const arrived = new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', async (text) => {
      const frame = JSON.parse(text)
      if (frame.type === 'connection_established')
        call(origin, 'POST', '/api/chat/messages/', alice, { room: room.id, content }).catch(reject)
      if (frame.type === 'chat_message' && frame.message.content === content) resolve(frame.message.sender.username)
    })
  })
  const sender = await within(10, arrived, 'the message did not arrive')
  socket.close()
  if (sender !== 'alice') throw new Error(`the message came from ${sender}`)
  console.log('a message has gone from alice to bob')
}

async function signIn(origin, username) {
  return (await call(origin, 'POST', '/api/token/', undefined, { username, password: 'aristay-demo' })).access
}

async function call(origin, method, path, token, content) {
  const headers = { ...(content && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(origin + path, { method, headers, body: content && JSON.stringify(content) })
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

function answers(url) {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** PostgreSQL gets an environment of our choice; its command line holds no mark either, but its working directory lies in the clone. */
function leftRunning() {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && belongsHere(pid))
}

function belongsHere(pid) {
  const status = read(`/proc/${pid}/stat`)
  if (status === '' || status.slice(status.lastIndexOf(')') + 2).startsWith('Z')) return false
  return read(`/proc/${pid}/environ`).split('\0').includes(mark) || link(`/proc/${pid}/cwd`).startsWith(clone)
}

function commandLine(pid) {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

function read(file) {
  return attempt(() => readFileSync(file, 'utf8'))
}

function link(file) {
  return attempt(() => readlinkSync(file))
}

function attempt(action) {
  try {
    return action()
  } catch {
    return ''
  }
}

async function within(seconds, promise, complaint) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${seconds} s`)), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
