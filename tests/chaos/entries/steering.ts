import { z } from 'zod'

/** What the harness tells an entry while it runs. */
const Steering = z.discriminatedUnion('do', [
  /** Ends the process at its next publish: the change is committed, and neither announced nor acknowledged. */
  z.object({ do: z.literal('die before publish') }),
  /** Ends it just after: announced, and not acknowledged. */
  z.object({ do: z.literal('die before ack') }),
  /** The next publishes are lost. */
  z.object({ do: z.literal('drop'), count: z.int() }),
])
export type Steering = z.infer<typeof Steering>

/** Each word is acknowledged when it is in force: it must not come after what it is meant for. */
export function onSteering(listener: (steering: Steering) => void): void {
  process.on('message', (message) => {
    listener(Steering.parse(message))
    process.send?.({ heard: true })
  })
  // The harness is gone: so is its deployment.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}

/** Shares of the publishes that meet with each fate. */
export const PublishFates = z.object({ dropped: z.number().default(0), doubled: z.number().default(0), delayed: z.number().default(0) })
export type PublishFates = z.infer<typeof PublishFates>
