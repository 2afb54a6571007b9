import { compare, measureWindow, withLoad } from '../compare.ts'
import type { Scenario } from '../scenario.ts'

const inFlight = 100

export const oneRoom: Scenario = {
  name: 'one-room',
  title: 'one room of 10 sockets, 100 messages in flight',
  bars: [{ figure: 'sends/s', against: 'socket.io', atLeast: 10 }],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io'], { rooms: 1, members: 10 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
