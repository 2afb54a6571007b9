import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { Redis } from 'ioredis'
import { freePort } from '../../db/embedded/free-port.ts'
import { until } from './until.ts'

/** A Redis that a test may ill-treat. It keeps nothing on disk. */
export type RedisServer = {
  url: string
  /** Of the process that started last. */
  pid(): number
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Again on the same port, as after a kill or as the first time. */
  start(): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void
  resume(): void
  /** A connection of the test's own, ended by `close`. */
  admin(): Redis
  close(): Promise<void>
}

/** Not started yet. `options` are arguments of redis-server. */
export async function redisServer(options: string[] = []): Promise<RedisServer> {
  const port = await freePort()
  const admins: Redis[] = []
  let child: ChildProcess | undefined
  const killAtExit = () => child?.kill('SIGKILL')
  process.once('exit', killAtExit)

  async function kill() {
    const running = child
    if (!running) return
    child = undefined
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await gone
  }

  function admin() {
    const connection = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null })
    connection.on('error', () => undefined)
    admins.push(connection)
    return connection
  }

  async function start() {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir(), ...options], {
      stdio: 'ignore',
    })
    await until(() => answers(port))
  }

  async function close() {
    for (const connection of admins) connection.disconnect()
    await kill()
    process.removeListener('exit', killAtExit)
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    pid: () => child?.pid ?? 0,
    kill,
    start,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    admin,
    close,
  }
}

/** An error is an answer too: some of these servers want a password. */
async function answers(port: number): Promise<boolean> {
  const connection = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false })
  let refused = false
  connection.on('error', (error: NodeJS.ErrnoException) => (refused = error.code === 'ECONNREFUSED'))
  await connection.connect().catch(() => undefined)
  connection.disconnect()
  return !refused
}
