import { typingSeconds } from '../../schemas/typing.ts'

export const typingMs = typingSeconds * 1000

/** Whether a sign of typing still counts. Both in milliseconds since 1970. */
export function isFresh(startedAt: number, now: number): boolean {
  return startedAt > now - typingMs
}
