import { openAllInOne } from './all-in-one.ts'
import { openOurs } from './ours.ts'
import { openBareWs, openOrderedSocketIo, openSocketIo, openTunedSocketIo } from './peers.ts'
import type { System, SystemName, SystemOptions } from './system.ts'

const openers: Record<SystemName, (options: SystemOptions) => Promise<System>> = {
  ours: openOurs,
  'all in one': openAllInOne,
  'socket.io': openSocketIo,
  'socket.io tuned': openTunedSocketIo,
  'socket.io ordered': openOrderedSocketIo,
  'bare ws': openBareWs,
}

/** Resolves when it is ready for its people. */
export function openSystem(name: SystemName, options: SystemOptions): Promise<System> {
  return openers[name](options)
}
