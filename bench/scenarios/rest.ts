import { showFigures } from '../compare.ts'
import { measureRequests } from '../requests.ts'
import type { Results, Scenario } from '../scenario.ts'
import { historyReader } from '../systems/history.ts'
import { roomId } from '../systems/layout.ts'
import { openOurs } from '../systems/ours.ts'

const connections = 4
/** One long room, and 199 short ones. */
const messages = (longest: number) => [longest, ...Array.from({ length: 199 }, () => 200)]
const lists = {
  'first page of 50': `/api/chat/messages/?room=${roomId(0)}`,
  'rooms list of 200': '/api/chat/rooms/',
  'rooms list, 100 a page': '/api/chat/rooms/?page_size=100',
}

export const rest: Scenario = {
  name: 'rest',
  title: 'REST at concurrency 4: the first page of a room of 100 000 and of 1 000 000 messages, the list of 200 rooms',
  bars: [
    { figure: 'first page of 50 requests/s', of: '100000', atLeast: 1_500 },
    { figure: 'rooms list of 200 requests/s', of: '100000', atLeast: 500 },
    { figure: 'first page of 50 requests/s', of: '1000000', against: '100000', atLeast: 0.9 },
    { figure: 'rooms list of 200 requests/s', of: '1000000', against: '100000', atLeast: 0.9 },
  ],
  async run(bench) {
    const results: Results = {}
    const { environment, profiles } = bench
    for (const longest of [100_000, 1_000_000]) {
      const layout = { rooms: 1, members: historyReader }
      const rooms = messages(longest)
      const system = await openOurs({ layout, environment, profiles, history: { messages: rooms, unread: rooms.length } })
      try {
        results[longest] = []
        for (let round = 0; round < bench.rounds; round++) {
          const figures: Record<string, number> = {}
          for (const [name, path] of Object.entries(lists)) {
            for (const [figure, value] of Object.entries(await measureRequests(bench, system, path, connections)))
              figures[`${name} ${figure}`] = value
          }
          results[longest].push(figures)
          bench.say(`round ${round + 1}  ${longest} messages  ${showFigures(figures)}`)
        }
      } finally {
        await system.close()
      }
    }
    return results
  },
}
