import { parseArgs } from 'node:util'

export type BenchOptions = {
  only: string[]
  rounds: number
  seconds: number
  warmUp: number
  settle: number
  loadProcesses: number
  environment: Record<string, string>
  profiles: string | undefined
  json: string
  pictures: string
}

export const usage = `npm run bench -- [options]

  --only <scenario>       only this one; may be repeated
  --rounds <n>            rounds of each scenario, 3
  --seconds <n>           of each measurement, 8
  --warm-up <n>           seconds before it, 2
  --settle <n>            seconds that each system works before its first round, 20
  --load-processes <n>    processes that the load runs in, 2
  --set NAME=value        a variable of our server and relay; may be repeated
  --cpu-prof <folder>     CPU profiles of our processes
  --json <file>           where the figures go, bench/results/latest.json
  --pictures <folder>     where pictures go, bench/results
  --list                  the scenarios
`

/** Undefined: the list is wanted. */
export function readOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '8' },
      'warm-up': { type: 'string', default: '2' },
      settle: { type: 'string', default: '20' },
      'load-processes': { type: 'string', default: '2' },
      set: { type: 'string', multiple: true, default: [] },
      'cpu-prof': { type: 'string' },
      json: { type: 'string', default: 'bench/results/latest.json' },
      pictures: { type: 'string', default: 'bench/results' },
      list: { type: 'boolean', default: false },
    },
  })
  if (values.list) return undefined
  return {
    only: values.only,
    rounds: positive(values.rounds),
    seconds: positive(values.seconds),
    warmUp: positive(values['warm-up']),
    settle: positive(values.settle),
    loadProcesses: positive(values['load-processes']),
    environment: Object.fromEntries(values.set.map(splitSetting)),
    profiles: values['cpu-prof'],
    json: values.json,
    pictures: values.pictures,
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${text} is not a positive number`)
  return value
}

function splitSetting(setting: string): [string, string] {
  const place = setting.indexOf('=')
  if (place < 1) throw new Error(`${setting} is not NAME=value`)
  return [setting.slice(0, place), setting.slice(place + 1)]
}
