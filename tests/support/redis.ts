import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { freePort } from '../../db/embedded/free-port.ts'
import { redisIsThere } from './redis-program.ts'

declare module 'vitest' {
  interface ProvidedContext {
    redis: boolean
  }
}

/** A suite that needs Redis. Left out where there is none; the end of the run says so. */
export const describeWithRedis = describe.runIf(inject('redis'))

/** A Redis for the caller: that of REDIS_URL, shared with others, or one of his own that keeps nothing; `undefined` where there is neither. */
export async function redisForTests(): Promise<{ url: string; close: () => Promise<void> } | undefined> {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, close: async () => undefined }
  return redisIsThere() ? startRedis() : undefined
}

/** Starts a Redis of its own. The port can be given to start one again where a former one was. */
export async function startRedis(port?: number): Promise<{ url: string; port: number; close: () => Promise<void> }> {
  const chosen = port ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'aristay-test-redis-'))
  const args = ['--port', String(chosen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, '--daemonize', 'no']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  await new Promise<void>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('Ready to accept connections')) resolve()
    })
    void ended.then(() => reject(new Error(`redis-server ended: ${output}`)))
  })
  const close = async () => {
    child.kill('SIGTERM')
    await ended
    process.removeListener('exit', killAtExit)
    await rm(folder, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${chosen}`, port: chosen, close }
}
