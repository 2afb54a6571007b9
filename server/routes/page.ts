import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import { ChatError } from '../../schemas/errors.ts'
import type { App } from '../app.ts'
import { refuseOtherMethods } from '../plugins/methods.ts'

/** Where Vite puts the page; beside the compiled server too, so that the same way leads there. */
const folder = fileURLToPath(new URL('../../public/dist/', import.meta.url))

/** Files of its own only, nothing inline; what scripts write into the page is text wherever the browser can see to that. */
const policy = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
  "worker-src 'self'",
  "require-trusted-types-for 'script'",
  // The page's own, which lets its worker through and nothing else.
  'trusted-types aristay-chat',
].join('; ')

/** Pages of every origin may load the chat as an element; what it may do there is decided by the API. */
const forEverybody = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

const hidden = { hide: true } as object

/** The browser chatbox. Its files have their content in their names, so they may be kept for ever; the page itself is asked for anew. */
export async function pageRoutes(app: App): Promise<void> {
  refuseOtherMethods(app, () => {
    app.get('/', { schema: hidden }, (_request, reply) => reply.redirect('/api/chat/'))
    app.get('/api/chat/', { schema: hidden }, async (_request, reply) => sendPage(reply))
    app.get('/api/chat/aristay-chat.js', { schema: hidden }, async (_request, reply) => sendElement(reply))
    app.get('/api/chat/worker.js', { schema: hidden }, async (_request, reply) => sendWorker(reply))
  })
  await app.register(fastifyStatic, {
    root: `${folder}assets`,
    prefix: '/api/chat/assets/',
    decorateReply: false,
    immutable: true,
    maxAge: '365d',
    index: false,
    schemaHide: true,
    setHeaders: (reply) => void reply.headers(forEverybody),
  })
}

async function sendPage(reply: FastifyReply) {
  const page = await readBuilt('index.html')
  return reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-cache' }).type('text/html; charset=utf-8').send(page)
}

/** `<aristay-chat>` for pages of host applications. */
async function sendElement(reply: FastifyReply) {
  const script = await readBuilt('aristay-chat.js')
  return reply
    .headers({ ...forEverybody, 'cache-control': 'no-cache' })
    .type('text/javascript; charset=utf-8')
    .send(script)
}

/** Keeps the page in the browser. `/api/chat` is the page too, so the worker may answer for it. */
async function sendWorker(reply: FastifyReply) {
  const script = await readBuilt('worker.js')
  return reply
    .headers({ 'service-worker-allowed': '/api/chat', 'cache-control': 'no-cache' })
    .type('text/javascript; charset=utf-8')
    .send(script)
}

async function readBuilt(name: string): Promise<Buffer> {
  const file = await readFile(`${folder}${name}`).catch(() => undefined)
  if (!file) throw new ChatError('unavailable', 'The page has not been built: npm run build.')
  return file
}
