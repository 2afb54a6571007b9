import type { Stage } from './actors/stage.ts'
import { countKills, type FaultCounts } from './fault-plan.ts'
import type { Evidence } from './judge/evidence.ts'
import { countOf, type Verdict } from './judge/judge.ts'

type Ran = { seed: number; seconds: number; faults: FaultCounts; stage: Stage; evidence: Evidence; verdict: Verdict }

export type Report = { kills: number; crashes: number; acknowledged: number; verdict: Verdict; text: string }

const violationsShown = 20

export function reportOf({ seed, seconds, faults, stage, evidence, verdict }: Ran): Report {
  const { violations, resyncs } = verdict
  const { attempts, acks, retries } = stage.ledger.counts()
  const kills = countKills(faults)
  const { servers, relays } = stage.world
  const crashes = [...servers, ...relays].reduce((sum, pod) => sum + pod.crashes, 0)
  const latencies = Float64Array.from(stage.ledger.latencies).sort()
  const frames = evidence.observers.reduce((sum, { seen }) => sum + seen.filter(({ kind }) => kind === 'frame').length, 0)
  const connections = stage.observers.reduce((sum, observer) => sum + observer.connections(), 0)
  const facts: [string, unknown][] = [
    ['seed', seed],
    ['seconds', seconds],
    ['kills', kills],
    ...[...faults].sort().map(([name, count]): [string, unknown] => [`  ${name}`, count]),
    ['crashes by themselves', crashes],
    ['attempts', attempts],
    ['acknowledged', acks],
    ['retries', retries],
    ['changes stored', evidence.rooms.reduce((sum, { head }) => sum + head, 0)],
    ['lost', countOf(violations, 'lost', 'changed')],
    ['doubled', countOf(violations, 'doubled')],
    ['out of order', countOf(violations, 'out of order', 'hole', 'behind', 'foreign')],
    ['sent after removal', countOf(violations, 'sent after removal')],
    ['other violations', countOf(violations, 'refused', 'resync', 'state differs')],
    ['resyncs', resyncs],
    ['frames at observers', frames],
    ['connections of observers', connections],
    ['states compared', evidence.states.length],
    ['delivery p50', `${Math.round(quantile(latencies, 0.5))} ms`],
    ['delivery p99', `${Math.round(quantile(latencies, 0.99))} ms`],
  ]
  const width = Math.max(...facts.map(([name]) => name.length)) + 2
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}${value}`)
  const shown = violations.slice(0, violationsShown).map(({ kind, where, what }) => `! ${kind}: ${where}: ${what}`)
  return { kills, crashes, acknowledged: acks, verdict, text: [...lines, ...shown, ''].join('\n') }
}

/** Of sorted numbers; 0 where there are none. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
