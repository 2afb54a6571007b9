import cors from '@fastify/cors'
import type { App } from '../app.ts'

/** Pages of other origins may use the API with a token. Cookies are never taken from there. */
export async function allowOrigins(app: App, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['retry-after'],
    credentials: false,
    maxAge: 600,
    strictPreflight: false,
  })
}
