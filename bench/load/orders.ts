import type { DialectName } from './dialects.ts'
import type { SeatPlan } from './seat.ts'

export type Asking = { port: number; path: string; token: string; connections: number }

/** What the bench tells a process of the load. Each is answered once. */
export type Order =
  /** Opens sockets, so many a second, and answers when all are in their rooms. */
  | { do: 'open'; dialect: DialectName; seats: SeatPlan[]; perSecond: number; textLength: number }
  /** Each of the first seats keeps so many messages in flight. */
  | { do: 'keep in flight'; bySeat: number[] }
  /** Sends at moments that were chosen before, whatever the answers do. */
  | { do: 'send at rate'; perSecond: number; seed: number }
  /** Asks over so many connections, each as soon as it has its answer. An answer counts as an echo. */
  | ({ do: 'ask' } & Asking)
  | { do: 'count' }
  | { do: 'stop sending' }
  | { do: 'close' }

export type Count = {
  /** Milliseconds, on this process's own clock. */
  at: number
  sent: number
  echoed: number
  delivered: number
  /** Since the last count. */
  latencies: Float64Array<ArrayBuffer>
  /** By how much the load itself was late. */
  lateness: Float64Array<ArrayBuffer>
  /** CPU seconds of the process of the load. */
  cpu: number
}

export type Answer = { answer: Count | null } | { failure: string }
