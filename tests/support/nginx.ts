import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../db/embedded/free-port.ts'
import { until } from './until.ts'

type Nginx = {
  url: string
  /** All that it has logged, in every log. */
  logged(): Promise<string>
  close(): Promise<void>
}

/** nginx with the configuration of `deploy/`, in which nothing but addresses and the place of the log is another. */
export async function startNginx({ servers, relays }: { servers: string[]; relays: string[] }): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'aristay-nginx-'))
  const port = await freePort()
  const [access, errors] = [join(folder, 'access.log'), join(folder, 'error.log')]
  const shipped = await readFile(new URL('../../deploy/nginx/aristay-chat.conf', import.meta.url), 'utf8')
  const chat = [
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['/var/log/nginx/aristay-chat.log', access],
    ...pairs(['127.0.0.1:8001', '127.0.0.1:8011'], relays),
    ...pairs(['127.0.0.1:8000', '127.0.0.1:8010'], servers),
  ].reduce(replaceOnce, shipped)
  await writeFile(join(folder, 'nginx.conf'), mainOf(folder, errors, chat))
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  const killAtExit = () => child.kill('SIGTERM')
  process.once('exit', killAtExit)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.status === 200)

  return {
    url,
    logged: async () => (await Promise.all([access, errors].map((path) => readFile(path, 'utf8')))).join('\n'),
    async close() {
      process.removeListener('exit', killAtExit)
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function pairs(shipped: string[], urls: string[]): [string, string][] {
  if (shipped.length !== urls.length) throw new Error('the configuration has another number of upstreams')
  return shipped.map((address, index) => [`server ${address} `, `server ${new URL(urls[index] ?? '').host} `])
}

function replaceOnce(text: string, [from = '', to = '']: string[]): string {
  if (text.split(from).length !== 2) throw new Error(`the configuration does not have ${from} once`)
  return text.replace(from, () => to)
}

/** Two workers, as with two cores, so that what they share is really shared. */
function mainOf(folder: string, errors: string, chat: string): string {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(folder, name)};`)
  return [
    process.getuid?.() === 0 ? 'user root;' : '',
    'daemon off;',
    'worker_processes 2;',
    `pid ${join(folder, 'nginx.pid')};`,
    `error_log ${errors} info;`,
    'events { worker_connections 4096; }',
    `http { ${places.join(' ')}\n${chat} }`,
  ].join('\n')
}
