import { compare, measureWindow, withLoad } from '../compare.ts'
import type { Scenario } from '../scenario.ts'

const inFlight = 20

export const sends20: Scenario = {
  name: 'sends-20',
  title: '10 rooms of 5 sockets, 20 messages in flight',
  bars: [
    { figure: 'sends/s', against: 'socket.io', atLeast: 1.5 },
    { figure: 'CPU s per 1000 messages', against: 'socket.io', atMost: 0.5 },
  ],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io'], { rooms: 10, members: 5 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
