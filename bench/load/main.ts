import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../../tests/chaos/parts/random.ts'
import { Histogram } from '../measure/histogram.ts'
import { dialects } from './dialects.ts'
import type { Answer, Asking, Count, Order } from './orders.ts'
import { RawHttp } from './raw-http.ts'
import { type Counters, Seat } from './seat.ts'

// One process of the load: it does what the bench says over the channel to its parent.

const counters: Counters = { sent: 0, echoed: 0, delivered: 0, latencies: new Histogram(), lateness: new Histogram() }
let seats: Seat[] = []
/** What a seat does when its own message has come back. */
let onEcho: (seat: Seat) => void = () => undefined
let connections: RawHttp[] = []
let isAsking = false
let pacer: NodeJS.Timeout | undefined

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => reply({ answer }),
    (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
  )
})
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', (error) => fail(error.stack ?? error.message))

async function obey(order: Order): Promise<Count | null> {
  switch (order.do) {
    case 'open':
      await open(order)
      return null
    case 'keep in flight':
      keepInFlight(order.bySeat)
      return null
    case 'send at rate':
      sendAtRate(order.perSecond, order.seed)
      return null
    case 'ask':
      ask(order)
      return null
    case 'count':
      return count()
    case 'stop sending':
      onEcho = () => undefined
      isAsking = false
      clearTimeout(pacer)
      return null
    case 'close':
      for (const open of [...seats, ...connections]) open.close()
      seats = []
      connections = []
      Object.assign(counters, { sent: 0, echoed: 0, delivered: 0 })
      return null
  }
}

async function open({ dialect, seats: plans, perSecond, textLength }: Extract<Order, { do: 'open' }>): Promise<void> {
  const begun = performance.now()
  for (const [index, plan] of plans.entries()) {
    const early = begun + (index * 1_000) / perSecond - performance.now()
    if (early > 1) await wait(early)
    const options = { plan, dialect: dialects[dialect], counters, textLength, onEcho: (seat: Seat) => onEcho(seat), onLost: fail }
    seats.push(new Seat(options))
  }
  await Promise.all(seats.map((seat) => seat.ready))
}

function keepInFlight(bySeat: number[]) {
  onEcho = (seat) => seat.send()
  for (const [index, inFlight] of bySeat.entries()) for (let sent = 0; sent < inFlight; sent++) seats[index]?.send()
}

/** Poisson arrivals, each from a seat by chance. A timer that comes late sends what was due meanwhile, and the seat counts from when it was due. */
function sendAtRate(perSecond: number, seed: number) {
  const random = new Random(seed)
  let dueAt = performance.now() + 1
  function send() {
    const now = performance.now()
    while (dueAt <= now) {
      seats[random.below(seats.length)]?.send(dueAt)
      dueAt += (-Math.log(1 - random.next()) * 1_000) / perSecond
    }
    pacer = setTimeout(send, 1)
  }
  send()
}

function ask({ connections: count, ...request }: Asking) {
  isAsking = true
  connections = Array.from({ length: count }, () => {
    let askedAt = 0
    const again = () => {
      if (!isAsking) return
      askedAt = performance.now()
      counters.sent++
      connection.ask()
    }
    const onAnswer = () => {
      counters.echoed++
      counters.latencies.add(performance.now() - askedAt)
      again()
    }
    const connection = new RawHttp({ ...request, onAnswer, onLost: fail })
    again()
    return connection
  })
}

function count(): Count {
  const { user, system } = process.cpuUsage()
  const { sent, echoed, delivered } = counters
  const latencies = counters.latencies.counts.slice()
  const lateness = counters.lateness.counts.slice()
  counters.latencies.clear()
  counters.lateness.clear()
  return { at: performance.now(), sent, echoed, delivered, latencies, lateness, cpu: (user + system) / 1e6 }
}

function reply(answer: Answer) {
  process.send?.(answer)
}

function fail(failure: string) {
  reply({ failure })
}
