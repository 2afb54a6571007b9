import { Redis } from 'ioredis'
import type { BaseLogger } from 'pino'
import { sparingly } from './sparingly.ts'

export type BusLog = Pick<BaseLogger, 'info' | 'warn'>

/** A connection that comes back for ever, and never keeps anything for later. */
export type Connection = {
  redis: Redis
  /** Connected, and not silent. */
  isAlive(): boolean
  /** Ends what is connected now; the next attempt follows. */
  reset(): void
  close(): Promise<void>
}

const pingEveryMs = 1000
const answerWithinMs = 1000

/** `onMoved`: a command came to a Redis of a cluster that no longer has what it is about. Never logs the URL, nor an error object: ioredis hangs the command with its arguments on it, and those are passwords and messages. */
export function openConnection(url: string, name: string, log: BusLog, onMoved: () => void): Connection {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: 2000,
    disconnectTimeout: 500,
    commandTimeout: answerWithinMs,
    enableOfflineQueue: false,
    // 0 rejects what was in flight when the connection broke; otherwise it would stay unanswered, or be sent a second time.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    retryStrategy,
    reconnectOnError({ message }) {
      if (message.startsWith('MOVED')) onMoved()
      // A master that became a replica refuses writes and keeps its connections: only a new one finds the new master.
      return message.startsWith('READONLY')
    },
  })
  const rarely = sparingly(5000)
  const facts = { connection: name, host: new URL(url).host }
  redis.on('error', (error: Error) => rarely(() => log.warn({ ...facts, reason: error.message }, 'redis connection failed')))
  redis.on('ready', () => log.info(facts, 'redis connected'))
  const watch = watchSilence(redis, () => log.warn(facts, 'redis is silent'))
  const reset = () => void redis.stream?.destroy()
  let closed = false
  const close = () => {
    closed = true
    watch.stop()
    return end(redis)
  }
  return { redis, isAlive: () => redis.status === 'ready' && !watch.isSilent() && !closed, reset, close }
}

/** 50 ms, doubling to 2 s; half of it by chance, so that not every pod comes at the same moment. */
function retryStrategy(attempt: number): number {
  const delay = Math.min(2000, 50 * 2 ** Math.min(attempt, 10))
  return delay / 2 + Math.random() * (delay / 2)
}

/**
 * Destroys a connection on which nothing came for two pings: TCP alone would take a quarter of an hour to notice.
 * Ticks are counted, not time: a process that was busy itself for seconds reads what has arrived before the second tick.
 */
function watchSilence(redis: Redis, onSilent: () => void): { isSilent(): boolean; stop(): void } {
  let silentTicks = 0
  let seen = 0
  redis.on('ready', () => {
    silentTicks = 0
    seen = -1
  })
  const tick = () => {
    if (redis.status !== 'ready') return
    // Bytes count, not only answers: the answer to a ping waits behind a long text that is still arriving.
    silentTicks = redis.stream.bytesRead === seen ? silentTicks + 1 : 0
    seen = redis.stream.bytesRead
    if (silentTicks < 2) return void redis.ping().then(() => (silentTicks = 0), ignore)
    onSilent()
    redis.stream.destroy()
  }
  const timer = setInterval(tick, pingEveryMs)
  return { isSilent: () => silentTicks > 0, stop: () => clearInterval(timer) }
}

/** QUIT is answered after everything that was sent before it. */
async function end(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.quit().catch(ignore)
  redis.disconnect()
  redis.stream?.destroy()
}

function ignore(): void {}
