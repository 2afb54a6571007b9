import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Database, OpenDatabase } from '../db/open.ts'
import { deleteExpiredTokens } from '../db/queries/tokens.ts'
import type { Bus } from '../schemas/bus.ts'
import { Refusal } from '../schemas/lists.ts'
import { announceSent } from './actions/messages.ts'
import type { App } from './app.ts'
import type { Chat } from './chat.ts'
import { registerBodies } from './multipart.ts'
import { openApiOptions } from './openapi.ts'
import { identifyRequests } from './plugins/authenticate.ts'
import { parseEmptyJson } from './plugins/bodies.ts'
import { answerError, answerErrors } from './plugins/errors.ts'
import { refuseOtherMethods } from './plugins/methods.ts'
import { allowOrigins } from './plugins/origins.ts'
import { createLimiters, type RequestLimits } from './plugins/rate-limit.ts'
import { attachmentRoutes } from './routes/attachments.ts'
import { directoryRoutes } from './routes/directory.ts'
import { healthRoutes } from './routes/health.ts'
import { messageRoutes } from './routes/messages.ts'
import { pageRoutes } from './routes/page.ts'
import { participantRoutes } from './routes/participants.ts'
import { readRoutes } from './routes/reads.ts'
import { roomRoutes } from './routes/rooms.ts'
import { searchRoutes } from './routes/search.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { typingRoutes } from './routes/typing.ts'
import { userRoutes } from './routes/users.ts'
import { createSearchIndex } from './search-index.ts'
import { createAttachmentLinks } from './storage/links.ts'
import type { Storage } from './storage/storage.ts'
import { createTokens, jwtOptions } from './tokens.ts'
import { serializerCompiler, validatorCompiler } from './validation.ts'
import { createWrites } from './writes.ts'

export type BuildOptions = {
  database: OpenDatabase
  bus: Bus
  storage: Storage
  log: FastifyBaseLogger
  signingKey: string
  limits: RequestLimits
  issuer?: string | undefined
  /** What absolute links begin with; the request's own address where it is not set. */
  publicUrl?: string | undefined
  /** Pages from elsewhere that may use the API. */
  allowedOrigins?: readonly string[]
  /** Proxies in front whose X-Forwarded headers count. */
  trustedProxies?: number
  /** Messages in one transaction at most. */
  largestBatch?: number
  /** Checks every answer with its schema: for tests. */
  checkAnswers?: boolean
}

/** Nothing inline, nothing from elsewhere; images may be shown from memory before they are sent. */
const policy = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'blob:', 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'self'"],
}

export type Built = { app: App; chat: Chat }

/** The HTTP application with all its parts, ready to listen or to be asked by `inject`. Closing it waits for what is being stored. */
export async function buildServer(options: BuildOptions): Promise<Built> {
  const { log, trustedProxies = 0, publicUrl, issuer, signingKey, database } = options
  const app: App = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: (_address, hop) => hop < trustedProxies,
    frameworkErrors: answerError,
    bodyLimit: 1024 * 1024,
    // A photograph over a poor mobile network takes its time; who sends nothing is gone much sooner.
    requestTimeout: 300_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 75_000,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: 200 },
  }).withTypeProvider<ZodTypeProvider>()
  app.server.headersTimeout = 15_000
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler(options.checkAnswers ?? false))
  answerErrors(app)
  parseEmptyJson(app)
  await registerBodies(app)
  await allowOrigins(app, options.allowedOrigins ?? [])
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: policy }, crossOriginResourcePolicy: false })
  await app.register(cookie)
  await app.register(jwt, jwtOptions({ signingKey, issuer }))
  app.decorate('limiters', await createLimiters(app, options.bus, options.limits))

  const chat: Chat = {
    db: database.db,
    bus: options.bus,
    writes: createWritesOf(database.writers, options),
    tokens: createTokens(app.jwt, { issuer, log }),
    storage: options.storage,
    links: createAttachmentLinks({ signingKey, publicUrl }),
    log,
  }
  identifyRequests(app, chat, publicUrl)
  await registerRoutes(app, chat, database)
  const forgetting = forgetExpiredTokens(chat)
  const searchIndex = createSearchIndex({ db: chat.db, log, written: () => chat.writes.written() })
  searchIndex.start()
  app.addHook('onClose', async () => {
    clearInterval(forgetting)
    await searchIndex.close()
    await chat.writes.idle()
  })
  await app.ready()
  return { app, chat }
}

/** Once an hour: what has expired by itself needs no record that it is no longer good. */
function forgetExpiredTokens(chat: Chat): NodeJS.Timeout {
  const forget = () =>
    deleteExpiredTokens(chat.db).catch((err: Error) => chat.log.warn({ reason: err.message }, 'expired tokens not deleted'))
  return setInterval(forget, 60 * 60 * 1000).unref()
}

function createWritesOf(lanes: readonly Database[], { bus, largestBatch = 256 }: BuildOptions): Chat['writes'] {
  return createWrites({ lanes, largestBatch, onCommitted: (outcomes) => announceSent({ bus }, outcomes) })
}

/** The page of the API opens on a plain http address too. */
const withoutUpgrade = (header: string) => header.replace(/upgrade-insecure-requests;?/, '')

async function registerRoutes(app: App, chat: Chat, database: OpenDatabase): Promise<void> {
  await app.register(swagger, openApiOptions)
  app.addHook('onRoute', ({ schema }) => {
    if (schema?.response) schema.response = { ...schema.response, '4xx': Refusal }
  })
  await app.register(async (probed: App) => refuseOtherMethods(probed, () => healthRoutes(probed, chat, database)))
  await app.register(async (open: App) => {
    open.addHook('onRequest', app.limiters.address)
    refuseOtherMethods(open, () => {
      tokenRoutes(open, chat)
      attachmentRoutes(open, chat)
    })
    await open.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true, transformStaticCSP: withoutUpgrade })
    await open.register(pageRoutes)
  })
  await app.register(async (signedIn: App) => {
    signedIn.addHook('onRequest', app.authenticate)
    refuseOtherMethods(signedIn, () => {
      roomRoutes(signedIn, chat)
      messageRoutes(signedIn, chat)
      searchRoutes(signedIn, chat)
      participantRoutes(signedIn, chat)
      readRoutes(signedIn, chat)
      typingRoutes(signedIn, chat)
      userRoutes(signedIn, chat)
      directoryRoutes(signedIn, chat)
    })
  })
}
