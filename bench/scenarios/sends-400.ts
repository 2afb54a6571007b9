import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

const inFlight = 400

export const sends400: Scenario = {
  name: 'sends-400',
  title: '20 rooms of 10 sockets, 400 messages in flight',
  bars: [
    ...againstSocketIo({ figure: 'sends/s', atLeast: 6 }),
    { figure: 'sends/s', against: 'bare ws', atLeast: 0.9 },
    ...againstSocketIo({ figure: 'CPU s per 1000 messages', atMost: 0.15 }),
    { figure: 'CPU s per 1000 messages', against: 'bare ws', atMost: 1.3 },
  ],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io', 'socket.io tuned', 'bare ws'], { rooms: 20, members: 10 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
