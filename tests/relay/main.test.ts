import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../support/until.ts'

const right = { PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', SERVER_INTERNAL_URL: 'http://127.0.0.1:1', RELAY_SECRET: 'x'.repeat(32) }

/** The relay as a process of its own. */
function startProcess(environment: Record<string, string>) {
  const { PATH } = process.env
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'relay/main.ts'], { env: { PATH, ...environment } })
  const state = { out: '', error: '', code: undefined as number | null | undefined }
  child.stdout?.on('data', (text) => {
    state.out += text
  })
  child.stderr?.on('data', (text) => {
    state.error += text
  })
  child.on('exit', (code) => {
    state.code = code
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  async function url() {
    await until(() => state.out.includes('relay listens'))
    return /"url":"([^"]+)"/.exec(state.out)?.[1] ?? ''
  }
  async function exited() {
    await until(() => state.code !== undefined)
    return state.code
  }
  return { child, state, url, exited }
}

test('it lives without Redis and servers, says that it is not ready, and ends with 0 on SIGTERM', async () => {
  const relay = startProcess(right)
  const url = await relay.url()
  const health = await fetch(`${url}/healthz`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'alive' }])
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
  const other = await fetch(`${url}/api/chat/rooms/`)
  expect([other.status, await other.json()]).toEqual([404, { detail: 'Not found.' }])
  relay.child.kill('SIGTERM')
  expect(await relay.exited()).toBe(0)
})

test('wrong settings are all named, without a stack, and the exit code is 1', async () => {
  const relay = startProcess({ RELAY_SECRET: 'short', PORT: 'x' })
  expect(await relay.exited()).toBe(1)
  for (const name of ['PORT', 'REDIS_URL', 'RELAY_SECRET']) expect(relay.state.error).toContain(name)
  expect(relay.state.error).not.toContain('    at ')
})

test('a taken port is one clear sentence, and the exit code is 1', async () => {
  const taken: Server = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const relay = startProcess({ ...right, PORT: String(port) })
  expect(await relay.exited()).toBe(1)
  expect(relay.state.error).toContain(`The relay cannot listen on 127.0.0.1:${port}: EADDRINUSE.\n`)
})
