import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Histogram } from '../measure/histogram.ts'
import type { DialectName } from './dialects.ts'
import type { Answer, Asking, Count, Order } from './orders.ts'
import type { SeatPlan } from './seat.ts'

const entry = fileURLToPath(new URL('./main.ts', import.meta.url))

/** What happened in the load between two counts; rates are a second's. */
export type Counted = {
  seconds: number
  sends: number
  deliveries: number
  latencies: Histogram
  lateness: Histogram
  /** Share of one core that the busiest process of the load used. Near 1, the load itself was the limit. */
  loadCpu: number
}

type Worker = { child: ChildProcess; ask(order: Order): Promise<Count | null> }

type OpenOptions = { dialect: DialectName; seats: SeatPlan[]; processes: number; textLength?: number; perSecond?: number }

/** Sockets in processes of their own. Seats go to the processes in turn. */
export class Load {
  readonly #workers: Worker[]
  readonly #seats: SeatPlan[]
  #last: Count[] = []
  /** Seconds from the first socket's attempt until all were in their rooms. */
  openedWithin = Number.NaN

  private constructor(workers: Worker[], seats: SeatPlan[]) {
    this.#workers = workers
    this.#seats = seats
  }

  /** Resolves when every socket is in its room. */
  static async open({ dialect, seats, processes, textLength = 80, perSecond = 2_000 }: OpenOptions): Promise<Load> {
    const load = new Load(Array.from({ length: processes }, startWorker), seats)
    const open = (of: SeatPlan[]): Order => ({ do: 'open', dialect, seats: of, perSecond: perSecond / processes, textLength })
    try {
      await load.#counts()
      const begun = performance.now()
      await load.#tell((place) => open(load.#seatsOf(place)))
      load.openedWithin = (performance.now() - begun) / 1_000
    } catch (error) {
      await load.close()
      throw error
    }
    return load
  }

  /** In flight in all, spread over the seats in their order. */
  async keepInFlight(messages: number): Promise<void> {
    const bySeat = this.#seats.map(
      (_, index) => Math.floor(messages / this.#seats.length) + (index < messages % this.#seats.length ? 1 : 0),
    )
    await this.#tell((place) => ({ do: 'keep in flight', bySeat: bySeat.filter((_, index) => index % this.#workers.length === place) }))
  }

  async sendAtRate(perSecond: number): Promise<void> {
    await this.#tell((place) => ({ do: 'send at rate', perSecond: perSecond / this.#workers.length, seed: place + 1 }))
  }

  /** A list of REST, over and over, from one process. */
  async ask(asking: Asking): Promise<void> {
    await this.#workers[0]?.ask({ do: 'ask', ...asking })
  }

  /** Begins to count anew. */
  async mark(): Promise<void> {
    this.#last = await this.#counts()
  }

  /** What happened since the mark. */
  async counted(): Promise<Counted> {
    const counted = { seconds: 0, sends: 0, deliveries: 0, latencies: new Histogram(), lateness: new Histogram(), loadCpu: 0 }
    for (const [place, now] of (await this.#counts()).entries()) {
      const before = this.#last[place]
      if (!before) throw new Error('counted without a mark')
      const seconds = (now.at - before.at) / 1_000
      counted.seconds += seconds / this.#workers.length
      counted.sends += (now.echoed - before.echoed) / seconds
      counted.deliveries += (now.delivered - before.delivered) / seconds
      counted.latencies.merge(new Histogram(now.latencies))
      counted.lateness.merge(new Histogram(now.lateness))
      counted.loadCpu = Math.max(counted.loadCpu, (now.cpu - before.cpu) / seconds)
    }
    return counted
  }

  /** Stops sending and waits until everything has arrived: each message at every one of `members`, exactly once. */
  async finish(members: number): Promise<void> {
    await this.#tell(() => ({ do: 'stop sending' }))
    const deadline = performance.now() + 20_000
    for (;;) {
      const counts = await this.#counts()
      const [sent, echoed, delivered] = [sum(counts, 'sent'), sum(counts, 'echoed'), sum(counts, 'delivered')]
      if (echoed === sent && delivered === sent * members) return
      if (delivered > sent * members) throw new Error(`${delivered} deliveries of ${sent} messages to ${members} each: some came twice`)
      if (performance.now() > deadline) throw new Error(`${sent} messages to ${members} each: ${echoed} echoes and ${delivered} deliveries`)
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map(async ({ child, ask }) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = new Promise((resolve) => child.once('exit', resolve))
        await ask({ do: 'close' }).catch(() => undefined)
        child.disconnect()
        await gone
      }),
    )
  }

  #seatsOf(place: number): SeatPlan[] {
    return this.#seats.filter((_, index) => index % this.#workers.length === place)
  }

  #tell(order: (place: number) => Order): Promise<(Count | null)[]> {
    return Promise.all(this.#workers.map((worker, place) => worker.ask(order(place))))
  }

  async #counts(): Promise<Count[]> {
    return (await this.#tell(() => ({ do: 'count' }))) as Count[]
  }
}

/** Orders to a worker are answered in their order, so there is one question at a time. */
function startWorker(): Worker {
  const child = fork(entry, { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
  let failure: string | undefined
  let settle: ((answer: Answer) => void) | undefined
  const onAnswer = (answer: Answer) => {
    if ('failure' in answer) failure ??= answer.failure
    settle?.(answer)
  }
  child.on('message', onAnswer)
  child.on('exit', (code) => onAnswer({ failure: `a process of the load ended with ${code}` }))
  return {
    child,
    ask: (order) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined && order.do !== 'close') return reject(new Error(failure))
        settle = (answer) => ('failure' in answer ? reject(new Error(answer.failure)) : resolve(answer.answer))
        child.send(order)
      }),
  }
}

function sum(counts: Count[], what: 'sent' | 'echoed' | 'delivered'): number {
  return counts.reduce((total, count) => total + count[what], 0)
}
