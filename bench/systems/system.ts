import type { DialectName } from '../load/dialects.ts'
import type { SeatPlan } from '../load/seat.ts'
import type { History } from './history.ts'
import type { Layout } from './layout.ts'

export type SystemName = 'ours' | 'all in one' | 'socket.io' | 'socket.io tuned' | 'socket.io ordered' | 'bare ws'

/** A system under load: processes of its own, a database of its own. */
export type System = {
  name: SystemName
  dialect: DialectName
  layout: Layout
  /** The processes that belong to it, with all that they start. */
  processes: Record<string, number>
  /** The process that holds the sockets. */
  socketProcess: string
  /** One for each member, in the order of their ids. */
  seats: SeatPlan[]
  /** Where REST is, and what is behind it; only ours has it. */
  http?: { url: string; databaseUrl: string; signingKey: string }
  close(): Promise<void>
}

/** What a system is started with. */
export type SystemOptions = {
  layout: Layout
  /** Variables of the server and the relay, beside those that they need. */
  environment: Record<string, string>
  /** Folder for CPU profiles of the server and the relay. */
  profiles: string | undefined
  /** Node's own, for the process that holds the sockets. */
  nodeArguments?: readonly string[]
  relays?: number
  /** What was said before, instead of empty rooms of the layout. */
  history?: History
}
