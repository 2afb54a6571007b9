import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

const inFlight = 400

export const allInOne: Scenario = {
  name: 'all-in-one',
  title: 'all in one process: 20 rooms of 10 sockets, 400 messages in flight',
  bars: [
    ...againstSocketIo({ figure: 'sends/s', of: 'all in one', atLeast: 7 }),
    { figure: 'sends/s', of: 'all in one', against: 'bare ws', atLeast: 1.1 },
  ],
  run: (bench) =>
    compare(bench, ['all in one', 'socket.io', 'socket.io tuned', 'bare ws'], { rooms: 20, members: 10 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
