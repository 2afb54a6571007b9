import { z } from 'zod'
import type { ControlEvent } from '../schemas/bus.ts'
import type { Joining } from './joining.ts'
import type { RelayContext } from './options.ts'
import { socketsOfAllRooms, type Users } from './users.ts'

const Control: z.ZodType<ControlEvent> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('session'), user_id: z.int() }),
  z.object({ kind: z.literal('membership'), user_id: z.int(), room_id: z.guid() }),
])

/** Acts on what concerns users: at once here, and by the next sweep where it was lost. Leaving a room comes in the order of that room instead. */
export function createControl({ log }: RelayContext, users: Users, joining: Joining) {
  return function hear(text: string): void {
    const event = readControl(text)
    const user = event && users.get(event.user_id)
    if (!user) return
    if (event.kind === 'session') return void users.checkSessions(user)
    joining.appear(socketsOfAllRooms(user), event.room_id).catch((err: unknown) => {
      log.debug({ userId: user.id, roomId: event.room_id, err }, 'room not opened')
    })
  }
}

function readControl(text: string): ControlEvent | undefined {
  try {
    return Control.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
