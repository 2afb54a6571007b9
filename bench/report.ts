import { showNumber } from './compare.ts'
import type { Bar, Results, Scenario } from './scenario.ts'

export type Row = {
  scenario: string
  figure: string
  of: string
  value: number
  against?: string
  peer?: number
  ratio?: number
  bar: string
  reached: boolean
}

/** Each bar of the scenario, with what was measured. */
export function judge(scenario: Scenario, results: Results): Row[] {
  return scenario.bars.map((bar) => {
    const of = bar.of ?? 'ours'
    const value = medianOf(results, of, bar.figure)
    const peer = bar.against === undefined ? undefined : medianOf(results, bar.against, bar.figure)
    const judged = peer === undefined ? value : value / peer
    return {
      scenario: scenario.name,
      figure: bar.figure,
      of,
      value,
      ...(peer === undefined ? {} : { against: bar.against, peer, ratio: judged }),
      bar: showBar(bar),
      reached: 'atLeast' in bar ? judged >= bar.atLeast : judged <= bar.atMost,
    }
  })
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Lines of a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const whose = row.of === 'ours' ? '' : ` (${row.of})`
    const peer = row.peer === undefined ? '' : `${row.against}: ${showNumber(row.peer)}`
    const ratio = row.ratio === undefined ? '' : `${row.ratio.toPrecision(3)} ×`
    return [row.scenario, `${row.figure}${whose}`, showNumber(row.value), peer, ratio, row.bar, row.reached ? 'reached' : '**missed**']
  })
  const head = ['scenario', 'figure', 'ours', 'peer', 'ratio', 'bar', '']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function medianOf(results: Results, of: string, figure: string): number {
  const values = results[of]?.map((figures) => figures[figure] ?? Number.NaN) ?? []
  if (values.length === 0 || values.some(Number.isNaN)) throw new Error(`${of} has no figure "${figure}"`)
  return median(values)
}

function showBar(bar: Bar): string {
  const sign = bar.against === undefined ? '' : ' ×'
  return 'atLeast' in bar ? `≥ ${bar.atLeast.toLocaleString('en')}${sign}` : `≤ ${bar.atMost.toLocaleString('en')}${sign}`
}
