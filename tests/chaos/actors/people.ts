import { createHmac, randomUUID } from 'node:crypto'
import type { World } from '../parts/world.ts'

export type Somebody = { id: number; username: string; token: string }

/** Hours that a token is good for: longer than any run. */
const lifetime = 12

/** New users of these names, with access tokens as the service itself would write them. */
export async function createPeople({ sql, signingKey }: Pick<World, 'sql' | 'signingKey'>, names: readonly string[]): Promise<Somebody[]> {
  const rows = names.map((username) => ({ username, first_name: username, password_hash: 'nobody signs in here' }))
  const made = await sql<{ id: number; username: string }[]>`insert into users ${sql(rows)} returning id, username`
  return made.map(({ id, username }) => ({ id, username, token: signToken(id, signingKey) }))
}

/** As the service itself would write it. */
export function signToken(userId: number, key: string): string {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { token_type: 'access', user_id: String(userId), iat: now, exp: now + lifetime * 60 * 60, jti: randomUUID() }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
