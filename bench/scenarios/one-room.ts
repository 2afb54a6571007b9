import { compare, measureWindow, withLoad } from '../compare.ts'
import { againstSocketIo, type Scenario } from '../scenario.ts'

const inFlight = 100

export const oneRoom: Scenario = {
  name: 'one-room',
  title: 'one room of 10 sockets, 100 messages in flight',
  bars: [...againstSocketIo({ figure: 'sends/s', atLeast: 10 }), { figure: 'sends/s', against: 'socket.io ordered', atLeast: 10 }],
  run: (bench) =>
    compare(bench, ['ours', 'socket.io', 'socket.io tuned', 'socket.io ordered'], { rooms: 1, members: 10 }, (system) =>
      withLoad(bench, system, async (load) => {
        await load.keepInFlight(inFlight)
        return measureWindow(bench, system, load)
      }),
    ),
}
