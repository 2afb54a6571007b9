import type { BaseLogger } from 'pino'
import type { Backend } from '../schemas/backend.ts'
import type { Bus } from '../schemas/bus.ts'

export type RelayLog = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>

/** Times in milliseconds, sizes in bytes. */
export type RelayOptions = typeof defaultOptions

export const defaultOptions = {
  /** A socket is asked for a sign of life this often, and is gone when none came for `pongTimeout`. */
  pingInterval: 25_000,
  pongTimeout: 40_000,
  /** Heads are compared, and what has expired is closed, this often. */
  sweepInterval: 1_000,
  /** An event that is not the next waits this long for those before it. */
  holdTimeout: 30,
  /** The same while the bus is away: nothing comes by waiting then, but the database is not to be asked for every message. */
  holdTimeoutWithoutBus: 250,
  /** Events that wait in one room at most. */
  holdLimit: 256,
  socketsPerUser: 20,
  /** Commands, and messages among them, that are taken of a user in ten seconds. */
  commandsPerUser: 300,
  sendsPerUser: 60,
  /** A socket with more unsent gets no live frames until it has drained. */
  slowBytes: 256 * 1024,
  /** A socket with more unsent, or slow for `stuckAfter`, is closed. */
  stuckBytes: 1024 * 1024,
  stuckAfter: 30_000,
  /** What is closed does not wait longer than this for the other side to say so too. */
  closeTimeout: 2_000,
  drainTime: 5_000,
}

/** What every part of the relay works with. */
export type RelayContext = { backend: Backend; bus: Bus; log: RelayLog; options: RelayOptions }
