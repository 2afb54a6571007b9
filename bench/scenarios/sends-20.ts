import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

const inFlight = 20

export const sends20: Scenario = {
  name: 'sends-20',
  title: '10 rooms of 5 sockets, 20 messages in flight',
  bars: [...againstSocketIo({ figure: 'sends/s', atLeast: 1.5 }), ...againstSocketIo({ figure: 'CPU s per 1000 messages', atMost: 0.5 })],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io', 'socket.io tuned'], { rooms: 10, members: 5 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
