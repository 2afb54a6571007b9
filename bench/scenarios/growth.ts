import { showFigures } from '../compare.ts'
import { measureRequests } from '../requests.ts'
import type { Bench, Figures, Results, Scenario } from '../scenario.ts'
import { type History, historyReader } from '../systems/history.ts'
import { roomId } from '../systems/layout.ts'
import { openOurs } from '../systems/ours.ts'

/** A hundredth: the same calls get as much to answer. */
const small = { rooms: 20, messages: 10_000 }
const large = { rooms: 2_000, messages: 1_000_000 }
/** How many of the newest messages are in the other rooms of the reader. */
const inOthers = 20
const room = roomId(0)

/** Each call, for a room of that many messages. */
const calls: Record<string, (messages: number) => string> = {
  'first page': () => `/api/chat/messages/?room=${room}`,
  'deep page by number': (messages) => `/api/chat/messages/?room=${room}&page=${messages / 100}`,
  'last page': () => `/api/chat/messages/?room=${room}&page=last`,
  'oldest first, deep page': (messages) => `/api/chat/messages/?room=${room}&ordering=created_at&page=${messages / 100}`,
  'page around': (messages) => `/api/chat/messages/?room=${room}&around=${messages / 2}`,
  'page before': (messages) => `/api/chat/messages/?room=${room}&before=${messages / 4}`,
  'of all rooms, first page': () => '/api/chat/messages/',
  'list of rooms': () => '/api/chat/rooms/?page_size=20',
  'search, a rare word': () => '/api/chat/messages/search/?q=plumber+4210000',
  'search in the room': () => `/api/chat/messages/search/?q=plumber&room=${room}`,
  'unread total': () => '/api/chat/unread/',
  'stats of the room': () => `/api/chat/rooms/${room}/stats/`,
}

export const growth: Scenario = {
  name: 'growth',
  title: 'how cost grows with data: 10 000 messages and 20 rooms, against 1 000 000 and 2 000',
  bars: Object.keys(calls).map((call) => ({ figure: `${call} p50 ms`, of: 'large', against: 'small', atMost: 3 })),
  async run(bench) {
    const results: Results = {}
    for (const [name, size] of Object.entries({ small, large })) {
      results[name] = await measureSize(bench, size)
      for (const [round, figures] of results[name].entries()) bench.say(`round ${round + 1}  ${name}  ${showFigures(figures)}`)
    }
    return results
  },
}

async function measureSize(bench: Bench, { rooms, messages }: typeof small): Promise<Figures[]> {
  const history: History = { messages: [messages, ...Array.from({ length: rooms - 1 }, () => inOthers)], unread: small.rooms }
  const { environment, profiles } = bench
  const system = await openOurs({ layout: { rooms: 1, members: historyReader }, environment, profiles, history })
  try {
    const rounds: Figures[] = []
    for (let round = 0; round < bench.rounds; round++) {
      const figures: Figures = {}
      for (const [name, path] of Object.entries(calls)) {
        const { 'p50 ms': p50 = Number.NaN, 'p99 ms': p99 = Number.NaN } = await measureRequests(bench, system, path(messages), 1)
        Object.assign(figures, { [`${name} p50 ms`]: p50, [`${name} p99 ms`]: p99 })
      }
      rounds.push(figures)
    }
    return rounds
  } finally {
    await system.close()
  }
}
