import type { Scenario } from './scenario.ts'
import { allInOne } from './scenarios/all-in-one.ts'
import { growth } from './scenarios/growth.ts'
import { idleConnections } from './scenarios/idle-connections.ts'
import { largeRoom } from './scenarios/large-room.ts'
import { latency } from './scenarios/latency.ts'
import { latencyByRate } from './scenarios/latency-by-rate.ts'
import { lowLoad } from './scenarios/low-load.ts'
import { oneRoom } from './scenarios/one-room.ts'
import { reconnectStorm } from './scenarios/reconnect-storm.ts'
import { relays } from './scenarios/relays.ts'
import { rest } from './scenarios/rest.ts'
import { sends20 } from './scenarios/sends-20.ts'
import { sends400 } from './scenarios/sends-400.ts'

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  sends400,
  sends20,
  oneRoom,
  latency,
  largeRoom,
  idleConnections,
  reconnectStorm,
  allInOne,
  lowLoad,
  rest,
  growth,
  relays,
  latencyByRate,
]
