import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

/** Enough that every system always has something to pass on. */
const inFlight = 40

export const largeRoom: Scenario = {
  name: 'large-room',
  title: 'one room of 500 sockets, saturated',
  bars: [
    ...againstSocketIo({ figure: 'deliveries/s', atLeast: 1.8 }),
    { figure: 'deliveries/s', against: 'bare ws', atLeast: 0.95 },
    ...againstSocketIo({ figure: 'CPU s per 1000 deliveries', atMost: 0.45 }),
    { figure: 'CPU s per 1000 deliveries', against: 'bare ws', atMost: 0.95 },
  ],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io', 'socket.io tuned', 'bare ws'], { rooms: 1, members: 500 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
