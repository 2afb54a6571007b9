import { compare, measureWindow, withLoad } from '../compare.ts'
import type { Scenario } from '../scenario.ts'

export const lowLoad: Scenario = {
  name: 'low-load',
  title: 'one sender in a room of 5, one message at a time',
  bars: [{ figure: 'p50 ms', against: 'socket.io', atMost: 1.5 }],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io'], { rooms: 1, members: 5 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(1)
        return measureWindow(bench, system, load)
      }),
    ),
}
