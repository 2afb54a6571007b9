import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/open.ts'
import type { Bus } from '../schemas/bus.ts'
import type { AttachmentLinks } from './storage/links.ts'
import type { Storage } from './storage/storage.ts'
import type { Tokens } from './tokens.ts'
import type { Writes } from './writes.ts'

/** The parts that actions work with. */
export type Chat = {
  db: Database
  bus: Bus
  writes: Writes
  tokens: Tokens
  storage: Storage
  links: AttachmentLinks
  log: FastifyBaseLogger
}
