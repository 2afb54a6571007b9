import { insertRevokedToken, insertSpentToken, isTokenSpent } from '../../db/queries/tokens.ts'
import {
  type AccountRow,
  findAccountByUsername,
  findAccountOfSession,
  findHashInstead,
  raiseSessionVersion,
  updatePasswordHash,
} from '../../db/queries/users.ts'
import { ChatError } from '../../schemas/errors.ts'
import type { Claims, SignedIn, SignIn, TokenPair } from '../../schemas/tokens.ts'
import type { Actor } from '../actor.ts'
import type { Chat } from '../chat.ts'
import { hashPassword, verifyPassword } from '../passwords.ts'
import type { SignInLimit } from '../sign-in-limit.ts'
import { accessNotValid, refreshLifetime, tokenNotValid } from '../tokens.ts'
import { announceControl } from './change.ts'

type Context = Pick<Chat, 'db' | 'tokens' | 'bus'>

/** PostgreSQL's `integer`: beyond it there is no user, and no query to ask for one. */
const largestId = 2_147_483_647

/** A wrong password, an unknown user and an inactive one get the same answer after the same time. */
export async function signIn(chat: Context, limit: SignInLimit, command: SignIn, address: string): Promise<SignedIn> {
  limit.check(command.username, address)
  const account = await findAccountOfPassword(chat, command)
  limit.check(command.username, address)
  if (!account) {
    limit.failed(command.username, address)
    throw new ChatError('authentication_failed', 'No active account found with the given credentials')
  }
  limit.succeeded(command.username, address)
  const { access, refresh } = chat.tokens.issuePair(account)
  const { id, username, email, role, isSuperuser } = account
  return { access, refresh, user: { id, username, email, role, is_superuser: isSuperuser } }
}

/** The old token is used up: of two requests with it at once, one gets a pair. */
export async function refreshTokens(chat: Context, refresh: string): Promise<TokenPair> {
  const claims = chat.tokens.verify(refresh, 'refresh')
  const account = await findAccount(chat, claims)
  if (account?.revoked) throw blacklisted()
  if (!account?.isActive) {
    throw new ChatError('authentication_failed', {
      detail: 'No active account found for the given token.',
      code: 'no_active_account',
    })
  }
  const used = await insertSpentToken(chat.db, spentToken(claims, false))
  if (!used) throw blacklisted()
  const pair = chat.tokens.issuePair(account, claims.sid)
  return { access: pair.access, refresh: pair.refresh }
}

/** Throws unless the token, of either type, is good. */
export async function verifyToken(chat: Context, token: string): Promise<void> {
  const claims = chat.tokens.verify(token, 'any')
  if (await isTokenSpent(chat.db, claims.jti, claims.sid ?? null)) throw blacklisted()
}

/** Ends the sign-in that the refresh token belongs to: its access tokens and its sockets too. A used-up token ends it as well. */
export async function revokeToken(chat: Context, actor: Actor, refresh: string): Promise<void> {
  const claims = chat.tokens.verify(refresh, 'refresh')
  if (claims.user_id !== actor.id) throw tokenNotValid('Token is invalid')
  await chat.db.transaction(async (tx) => {
    await insertRevokedToken(tx, spentToken(claims, true))
    await raiseSessionVersion(tx, actor.id)
  })
  announceControl(chat, { kind: 'session', user_id: actor.id })
}

/** Who bears the access token, at this moment: one query. */
export async function authenticate(chat: Context, token: string): Promise<Actor> {
  return findBearer(chat, chat.tokens.verify(token, 'access'))
}

/** Who bears the access token with these claims, at this moment. */
export async function findBearer(chat: Context, claims: Claims): Promise<Actor> {
  const account = await findAccount(chat, claims)
  requireStanding(account)
  const { id, username, firstName, lastName, email, role, isSuperuser, sessionVersion } = account
  const person = { id, username, firstName, lastName, email, role, isSuperuser, sessionVersion }
  return { ...person, session: claims.sid ?? null, expiresAt: claims.exp * 1000 }
}

/** Throws unless the account behind an access token is there and active, and its sign-in was not ended. */
export function requireStanding(account: { isActive: boolean; revoked: boolean } | undefined): asserts account {
  if (!account) throw new ChatError('user_not_found', { detail: 'User not found', code: 'user_not_found' })
  if (!account.isActive) throw new ChatError('user_inactive', { detail: 'User is inactive', code: 'user_inactive' })
  if (account.revoked) throw accessNotValid('Token is invalid')
}

/** Whether there can be such a user at all. */
export function canExist({ user_id }: Claims): boolean {
  return user_id <= largestId
}

async function findAccountOfPassword(chat: Context, { username, password }: SignIn): Promise<AccountRow | undefined> {
  const account = await findAccountByUsername(chat.db, username)
  if (!account) {
    // Hashes differ in what they cost, those of the old backend above all: he takes as long as somebody who exists.
    await verifyPassword(password, (await findHashInstead(chat.db, username)) ?? '')
    return undefined
  }
  const { ok, renew } = await verifyPassword(password, account.passwordHash)
  if (!ok || !account.isActive) return undefined
  if (renew) await updatePasswordHash(chat.db, account.id, account.passwordHash, await hashPassword(password))
  return account
}

async function findAccount(chat: Context, claims: Claims): Promise<(AccountRow & { revoked: boolean }) | undefined> {
  if (!canExist(claims)) return undefined
  return findAccountOfSession(chat.db, claims.user_id, claims.sid ?? null)
}

function blacklisted(): ChatError {
  return tokenNotValid('Token is blacklisted')
}

function spentToken(claims: Claims, revoked: boolean) {
  // The sign-in can have newer refresh tokens than this one: a revocation must outlive them all.
  const expires = revoked ? Math.max(claims.exp, Math.ceil(Date.now() / 1000) + refreshLifetime) : claims.exp
  return {
    jti: claims.jti,
    userId: claims.user_id,
    session: claims.sid ?? null,
    revoked,
    expiresAt: new Date(expires * 1000).toISOString(),
  }
}
