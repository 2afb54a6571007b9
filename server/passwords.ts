import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { ChatError } from '../schemas/errors.ts'

/** OWASP's parameters for argon2id: 19 MiB, two passes, one lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** A hash in these parameters, to spend the time on; whether a password fits it is never asked. */
const nobodys = '$argon2id$v=19$m=19456,t=2,p=1$TBOlWZcSuNqJ6E/C3DCHJg$wyVbGcGx13sXJNWCwkBuuLKGsid+eB4WyUy99DTdlzo'
/** Hashes at once: they take a core and 19 MiB each, and half of the threads that Node reads files with. */
const lanes = 2
const longestQueue = 500
const mostIterations = 10_000_000

const derive = promisify(pbkdf2)
const djangoPbkdf2 = /^pbkdf2_sha256\$(\d{1,8})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})$/

export type Verified = {
  ok: boolean
  /** The password is right and its hash is not as hashPassword writes it. */
  renew: boolean
}

export function hashPassword(password: string): Promise<string> {
  return inLane(() => hash(password, parameters))
}

/** Takes our hashes and Django's (argon2id and pbkdf2_sha256). Whatever else is stored is nobody's password, and takes as long. */
export async function verifyPassword(password: string, stored: string): Promise<Verified> {
  const argon2 = stored.startsWith('argon2$') ? stored.slice('argon2'.length) : stored
  if (argon2.startsWith('$argon2id$')) return verifyArgon2(password, argon2, argon2 !== stored)
  const [, iterations, salt, digest] = djangoPbkdf2.exec(stored) ?? []
  if (iterations && salt && digest) return verifyPbkdf2(password, Number(iterations), salt, digest)
  return verifyNothing(password)
}

/** Takes as long as verifyPassword, for a user who does not exist: the time must not tell who does. */
export async function verifyNothing(password: string): Promise<Verified> {
  await inLane(() => verify(nobodys, password))
  return { ok: false, renew: false }
}

async function verifyArgon2(password: string, stored: string, foreign: boolean): Promise<Verified> {
  try {
    const ok = await inLane(() => verify(stored, password))
    return { ok, renew: ok && (foreign || !isCurrent(stored)) }
  } catch (error) {
    if (error instanceof ChatError) throw error
    return { ok: false, renew: false }
  }
}

function isCurrent(stored: string): boolean {
  const found = parseOptions(stored)
  return (
    found.memoryCost === parameters.memoryCost && found.timeCost === parameters.timeCost && found.parallelism === parameters.parallelism
  )
}

async function verifyPbkdf2(password: string, iterations: number, salt: string, digest: string): Promise<Verified> {
  const wanted = Buffer.from(digest, 'base64')
  if (iterations < 1 || iterations > mostIterations || wanted.length !== 32) return verifyNothing(password)
  const found = await inLane(() => derive(password, salt, iterations, wanted.length, 'sha256'))
  const ok = timingSafeEqual(found, wanted)
  return { ok, renew: ok }
}

let busy = 0
const waiting: (() => void)[] = []

/** Runs the work when a lane is free, in the order of asking. Throws `unavailable` when too many wait already. */
async function inLane<Result>(work: () => Promise<Result>): Promise<Result> {
  if (busy < lanes) busy += 1
  else await queue()
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else busy -= 1
  }
}

function queue(): Promise<void> {
  if (waiting.length >= longestQueue) throw new ChatError('unavailable', 'Too many sign-ins at once. Please try again.', 5)
  return new Promise((resolve) => waiting.push(resolve))
}
