import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

export const lowLoad: Scenario = {
  name: 'low-load',
  title: 'one sender in a room of 5, one message at a time',
  bars: [...againstSocketIo({ figure: 'p50 ms', atMost: 1.5 })],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io', 'socket.io tuned'], { rooms: 1, members: 5 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(1)
        return measureWindow(bench, system, load)
      }),
    ),
}
