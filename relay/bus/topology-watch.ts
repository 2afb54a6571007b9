import type { Redis } from 'ioredis'
import type { BusLog } from './redis-connection.ts'
import { sparingly } from './sparingly.ts'
import { askTopology, askTopologyAt, type Topology } from './topology.ts'

type WatchOptions = {
  /** Where to begin. */
  urls: readonly string[]
  log: BusLog
  /** Those that can be asked at once, by their URL. */
  connected(): Iterable<[url: string, redis: Redis]>
  /** Nothing is missing now. */
  isSettled(): boolean
  onFound(topology: Topology): void
  /** Nobody could be asked. */
  onNobody(): void
}

/** Milliseconds. A change shows in commands that are refused, too: asking regularly is for what nobody happens to send a command to. */
const pauses = { settled: 5000, unsettled: 500, hurried: 100 }

/** Asks who has what at the start, soon after `hurry`, while something is missing, and now and then. A Redis that stands alone is asked once. */
export function watchTopology(options: WatchOptions) {
  const rarely = sparingly(5000)
  let timer: NodeJS.Timeout | undefined
  let due = Number.POSITIVE_INFINITY
  let asking = false
  let ended = false

  /** The earliest wish counts. */
  function askIn(pause: number) {
    const at = performance.now() + pause
    if (ended || at >= due) return
    clearTimeout(timer)
    due = at
    timer = setTimeout(ask, pause)
  }

  async function ask() {
    due = Number.POSITIVE_INFINITY
    if (asking) return askIn(pauses.hurried)
    asking = true
    const found = await newest(options, (reason) => rarely(() => options.log.warn({ reason }, 'redis connection failed')))
    asking = false
    if (ended) return
    if (!found) options.onNobody()
    else if (found.sharded || options.urls.length === 1) options.onFound(found)
    else rarely(() => options.log.warn('REDIS_URL has several addresses, but the first that answers is not of a cluster'))
    if (found && !found.sharded && options.urls.length === 1) return end()
    askIn(options.isSettled() ? pauses.settled : pauses.unsettled)
  }

  function end() {
    ended = true
    clearTimeout(timer)
  }

  askIn(0)
  return { hurry: () => askIn(pauses.hurried), end }
}

/** Of those connected, all are asked, and the newest view counts: one that was cut off may have an old one. Otherwise the first that lets itself be asked. */
async function newest({ connected, urls }: WatchOptions, onRefused: (reason: string) => void): Promise<Topology | undefined> {
  const answers = await Promise.allSettled([...connected()].map(([url, redis]) => askTopology(redis, url)))
  const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (views.length > 0) return views.reduce((best, view) => (view.epoch > best.epoch ? view : best))
  for (const url of urls) {
    const view = await askTopologyAt(url).catch((error: Error) => onRefused(error.message))
    if (view) return view
  }
  return undefined
}
