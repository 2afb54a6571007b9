import { connect } from 'node:net'
import { expect } from 'vitest'
import { startChat } from '../../support/chat.ts'
import type { TestSocket } from '../../support/socket.ts'

export type Attacked = Awaited<ReturnType<typeof startAttacked>>

/** What no answer may tell. */
const leaks =
  /node_modules|\.ts:\d+|\bat \S+ \(|Failed query|\bselect\b.{0,400}\bfrom chat|\binsert into\b|PostgresError|eyJ[\w-]{10,}\.eyJ/i
const tokens = /eyJ[\w-]{10,}\.eyJ/

/** The service with two honest people who talk in a room of their own, and a log that is read. */
export async function startAttacked(options: Omit<NonNullable<Parameters<typeof startChat>[0]>, 'logTo'> = {}) {
  const log: string[] = []
  const env = { LOG_LEVEL: 'debug', ...options.env }
  const chat = await startChat({ ...options, env, logTo: { write: (line) => void log.push(line) } })
  const [alice, bob] = await chat.newPeople('honest-alice', 'honest-bob')
  const room = await chat.group(alice, bob)
  const sockets = await Promise.all([alice.connect(room), bob.connect(room)])
  const answers: string[] = []

  return {
    ...chat,
    log,
    honest: { alice, bob, room },
    /** Sends bytes as they are and gives all that comes back until the other side closes. */
    async raw(...chunks: (string | Buffer)[]): Promise<string> {
      const answer = await exchange(chat.url, chunks)
      answers.push(answer)
      return answer
    },
    /** Looks at an answer later, in `unharmed`. */
    saw(body: unknown): void {
      answers.push(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''))
    },
    /** The process answers, honest people still talk over the sockets they had, and nothing was said that may not be. */
    async unharmed(): Promise<void> {
      expect((await alice.get('/healthz')).body).toEqual({ status: 'alive' })
      await talk(alice.say(room, 'are you there?'), sockets)
      for (const answer of answers.splice(0)) expect(answer).not.toMatch(leaks)
      for (const line of log) expect(line).not.toMatch(tokens)
      expect(log.filter((line) => JSON.parse(line).level >= 50)).toEqual([])
    },
  }
}

async function talk(said: Promise<{ id: string }>, sockets: TestSocket[]): Promise<void> {
  const { id } = await said
  for (const socket of sockets) await socket.next('chat_message', (frame) => (frame.message as { id: string }).id === id)
}

function exchange(url: string, chunks: readonly (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const answer: Buffer[] = []
    const wire = connect(Number(port), hostname, () => {
      for (const chunk of chunks) wire.write(chunk)
    })
    wire.on('data', (chunk) => answer.push(chunk))
    wire.on('error', () => {})
    wire.on('close', () => resolve(String(Buffer.concat(answer))))
  })
}
