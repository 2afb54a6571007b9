import { furthestResume } from '../../../schemas/socket.ts'
import type { ObserverLog, Seen, StoredRoom, Violation } from './evidence.ts'

/** What became of one observer's view of one room. */
export type Followed = { violations: Violation[]; resyncs: number }

type Frame = Extract<Seen, { kind: 'frame' }>

/**
 * Every socket must give the history from where it began, each frame once and in its place; after a resume it may begin again from there, once.
 * At the end nothing between 1 and the head may be missing.
 */
export function followObserver({ observer, room, seen }: ObserverLog, stored: StoredRoom): Followed {
  const where = `${observer} in ${room}`
  const violations: Violation[] = []
  const messageAt = new Map(stored.messages.map(({ id, seq }) => [seq, id]))
  const skipped = new Set<number>()
  let resumes: number[] = []
  let cursor = 0
  let expected = 1
  let resyncs = 0

  const blame = (kind: Violation['kind'], what: string) => violations.push({ kind, where, what })

  function place({ seq }: Frame) {
    if (seq === expected) return
    const resume = resumes.indexOf(seq - 1)
    if (resume >= 0) resumes = resumes.slice(resume + 1)
    else if (seq > expected) {
      for (let missing = expected; missing < seq; missing++) skipped.add(missing)
      blame('hole', `${expected} to ${seq - 1} were stepped over`)
    } else blame(skipped.has(seq) ? 'out of order' : 'doubled', `${seq} came where ${expected} was next`)
  }

  function take(frame: Frame) {
    place(frame)
    expected = frame.seq + 1
    if (frame.seq === cursor + 1) cursor = frame.seq
    const id = messageAt.get(frame.seq)
    if (frame.messageId !== undefined && frame.messageId !== id)
      blame('foreign', `${frame.seq} was another message than what is stored there`)
  }

  function resync(seq: number) {
    resyncs++
    expected = seq + 1
    if (seq - cursor <= furthestResume) blame('resync', `told to reload at ${seq}, being at ${cursor}`)
  }

  for (const entry of seen) {
    if (entry.kind === 'frame') take(entry)
    else if (entry.kind === 'resync') resync(entry.seq)
    else if (entry.kind === 'resumed') resumes.push(entry.since)
    else if (entry.kind === 'reloaded') cursor = Math.max(cursor, entry.seq)
    else {
      expected = entry.since + 1
      resumes = []
    }
  }
  if (cursor !== stored.head) blame('behind', `has come to ${cursor} of ${stored.head}`)
  return { violations, resyncs }
}
