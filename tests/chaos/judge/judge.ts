import { isDeepStrictEqual } from 'node:util'
import type { ComparedState, Evidence, Violation, ViolationKind } from './evidence.ts'
import { followObserver } from './observers.ts'
import { judgeHistory, judgeSends, judgeWriters } from './store.ts'

export type Verdict = {
  violations: Violation[]
  /** How often an observer was told to reload. */
  resyncs: number
}

/** Whether nothing was lost, doubled or out of order. Looks at what was written down, and at nothing else. */
export function judge(evidence: Evidence): Verdict {
  const rooms = new Map(evidence.rooms.map((room) => [room.id, room]))
  const followed = evidence.observers.map((log) => {
    const room = rooms.get(log.room)
    if (!room) throw new Error(`the evidence has no room ${log.room}`)
    return followObserver(log, room)
  })
  return {
    violations: [
      ...judgeSends(evidence.sends, evidence.rooms, evidence.changes),
      ...judgeWriters(evidence.sends),
      ...evidence.rooms.flatMap(judgeHistory),
      ...followed.flatMap(({ violations }) => violations),
      ...evidence.states.flatMap(judgeState),
    ],
    resyncs: followed.reduce((sum, { resyncs }) => sum + resyncs, 0),
  }
}

export function countOf(violations: readonly Violation[], ...kinds: ViolationKind[]): number {
  return violations.filter(({ kind }) => kinds.includes(kind)).length
}

function judgeState({ observer, room, seen, fresh }: ComparedState): Violation[] {
  const difference = findDifference(seen, fresh, '')
  return difference === undefined ? [] : [{ kind: 'state differs', where: `${observer} in ${room}`, what: difference }]
}

/** The first place where two values of JSON differ, with both values. */
function findDifference(seen: unknown, fresh: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(seen, fresh)) return undefined
  if (typeof seen !== 'object' || typeof fresh !== 'object' || seen === null || fresh === null) {
    return `${path} is ${show(seen)}, by REST ${show(fresh)}`
  }
  const keys = new Set([...Object.keys(seen), ...Object.keys(fresh)])
  for (const key of keys) {
    const found = findDifference(Reflect.get(seen, key), Reflect.get(fresh, key), `${path}.${key}`)
    if (found !== undefined) return found
  }
  return `${path} differs`
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 300)
}
