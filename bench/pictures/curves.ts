import type { Figures, Results } from '../scenario.ts'

const width = 720
const height = 420
const left = 64
const right = 120
const top = 24
const bottom = 52
const colours = ['#0b6e99', '#2f7d32', '#b3541e', '#6b4fa0']

type Scale = (value: number) => number

/** p50 (solid) and p99 (dashed) against the rate, on two logarithmic axes. */
export function drawCurves(results: Results): string {
  const all = Object.values(results).flat()
  const rates = all.map((figures) => figures.rate ?? 1)
  const times = all.flatMap((figures) => [figures['p50 ms'] ?? 1, figures['p99 ms'] ?? 1])
  const x = logarithmic(Math.min(...rates), Math.max(...rates), left, width - right)
  const y = logarithmic(
    10 ** Math.floor(Math.log10(Math.min(...times))),
    10 ** Math.ceil(Math.log10(Math.max(...times))),
    height - bottom,
    top,
  )
  const curves = Object.entries(results).flatMap(([name, steps], index) => drawSystem(name, steps, colours[index] ?? '#333', x, y))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>Latency against rate, up to saturation</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...ticks(Math.min(...times), Math.max(...times)).map((ms) => rule(left, y(ms), width - right, y(ms), `${ms} ms`, 'y')),
    ...ticks(Math.min(...rates), Math.max(...rates)).map((rate) =>
      rule(x(rate), top, x(rate), height - bottom, `${rate.toLocaleString('en')}`, 'x'),
    ),
    ...curves,
    `<text x="${(left + width - right) / 2}" y="${height - 12}" text-anchor="middle">messages a second, each to 10 sockets</text>`,
    `<text x="${left}" y="14">send to echo: p50 solid, p99 dashed</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function drawSystem(name: string, steps: readonly Figures[], colour: string, x: Scale, y: Scale): string[] {
  const line = (figure: string, dash: string) => {
    const points = steps.map((step) => `${x(step.rate ?? 1).toFixed(1)},${y(step[figure] ?? 1).toFixed(1)}`).join(' ')
    return `<polyline fill="none" stroke="${colour}" stroke-width="2"${dash} points="${points}"/>`
  }
  const last = steps.at(-1)
  const label = last ? `<text x="${x(last.rate ?? 1) + 6}" y="${y(last['p50 ms'] ?? 1)}" fill="${colour}">${name}</text>` : ''
  return [line('p50 ms', ''), line('p99 ms', ' stroke-dasharray="5 4"'), label]
}

function logarithmic(from: number, to: number, start: number, end: number): Scale {
  const span = Math.log(to / from) || 1
  return (value) => start + (Math.log(value / from) / span) * (end - start)
}

/** 1, 2 and 5 of every power of ten in between. */
function ticks(from: number, to: number): number[] {
  const powers = Array.from({ length: 9 }, (_, power) => 10 ** (power - 2))
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((tick) => tick >= from && tick <= to)
}

function rule(x1: number, y1: number, x2: number, y2: number, label: string, axis: 'x' | 'y'): string {
  const line = `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`
  const place =
    axis === 'y' ? `x="${x1 - 6}" y="${(y1 + 4).toFixed(1)}" text-anchor="end"` : `x="${x1.toFixed(1)}" y="${y2 + 16}" text-anchor="middle"`
  return `${line}<text ${place} fill="#555">${label}</text>`
}
