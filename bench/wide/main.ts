import { setTimeout as wait } from 'node:timers/promises'
import { createPeople, type Somebody } from '../../tests/chaos/actors/people.ts'
import { openWorld, type World } from '../../tests/chaos/parts/world.ts'
import { quantile } from '../../tests/chaos/report.ts'
import { until } from '../../tests/support/until.ts'
import { cpuSeconds } from '../measure/cpu.ts'
import { residentBytes } from '../measure/memory.ts'
import { type Crowd, gather } from './crowd.ts'
import { makeRooms, say } from './rooms.ts'

type Usage = { cpuMs: number; rssMb: number }

const rooms = 10_000
const peopleOfRooms = 100
const idleMs = 10_000
const messages = 30

/** `npm run bench:wide`: a relay with 10 000 rooms, and a room with 10 000 sockets, each on a deployment of its own. Prints what it took, as JSON. */
async function measure() {
  const found = { many_rooms: await inWorld(manyRooms), one_room: await inWorld(oneRoom) }
  process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
}

async function inWorld<Found>(run: (world: World, relay: () => Usage, server: () => Usage) => Promise<Found>): Promise<Found> {
  const world = await openWorld({ servers: 1, relays: 1 })
  try {
    return await run(
      world,
      () => usageOf(world.relays[0]?.pid),
      () => usageOf(world.servers[0]?.pid),
    )
  } finally {
    await world.close()
  }
}

/** 100 people in 100 rooms each, all on sockets of all rooms. */
async function manyRooms(world: World, relay: () => Usage, server: () => Usage) {
  const before = relay()
  const people = await createPeople(world, names('member', peopleOfRooms))
  const groups = await Promise.all(people.map((somebody) => makeRooms(world, rooms / peopleOfRooms, [somebody])))
  const crowd = await gather({ url: urlOf(world), people, socketsEach: 1 })
  const opened = relay()
  const resting = await idle(relay, server)
  const latencies = await tell(world, crowd, (turn) => {
    const index = turn % peopleOfRooms
    return { who: people[index] as Somebody, room: groups[index]?.[turn % 10] ?? '', sockets: 1 }
  })
  const admin = world.redis.admin()
  const subscribed = async () => (await admin.pubsub('CHANNELS', 'aristay:room:*')).length
  const channels = await subscribed()
  await world.redis.kill()
  const restarted = performance.now()
  await world.redis.start()
  await until(async () => (await world.redis.admin().pubsub('CHANNELS', 'aristay:room:*')).length === channels, 60_000)
  const resubscribedIn = performance.now() - restarted
  crowd.close()
  return {
    rooms: channels,
    all_open_ms: round(crowd.openedIn),
    relay_mb: round(opened.rssMb),
    relay_mb_more: round(opened.rssMb - before.rssMb),
    ...resting,
    ...latencies,
    all_subscribed_again_after_redis_restart_ms: round(resubscribedIn),
    sockets_lost: crowd.closed(),
  }
}

/** 500 people with 20 sockets each in one room. */
async function oneRoom(world: World, relay: () => Usage, server: () => Usage) {
  const people = await createPeople(world, names('member', 500))
  const [room = ''] = await makeRooms(world, 1, people)
  const before = relay()
  const crowd = await gather({ url: urlOf(world), people, socketsEach: 20, room })
  const opened = relay()
  const resting = await idle(relay, server)
  const [first] = people
  const cpuBefore = relay().cpuMs
  const latencies = await tell(world, crowd, () => ({ who: first as Somebody, room, sockets: crowd.size }))
  const cpu = relay().cpuMs - cpuBefore
  const closed = crowd.closed()
  crowd.close()
  return {
    sockets: crowd.size,
    all_open_ms: round(crowd.openedIn),
    relay_mb: round(opened.rssMb),
    kb_per_socket: round(((opened.rssMb - before.rssMb) * 1_024) / crowd.size),
    ...resting,
    ...latencies,
    relay_cpu_us_per_delivery: round((cpu * 1_000) / (messages * crowd.size)),
    sockets_lost: closed,
  }
}

/** What is used while nobody says anything. */
async function idle(relay: () => Usage, server: () => Usage) {
  const [relayBefore, serverBefore] = [relay().cpuMs, server().cpuMs]
  await wait(idleMs)
  return {
    idle_relay_cpu_percent: round(((relay().cpuMs - relayBefore) / idleMs) * 100),
    idle_server_cpu_percent: round(((server().cpuMs - serverBefore) / idleMs) * 100),
  }
}

/** One message after another, each when everybody has the one before: from the request to the last socket. */
async function tell(world: World, crowd: Crowd, turn: (count: number) => { who: Somebody; room: string; sockets: number }) {
  const times: number[] = []
  for (let count = 0; count < messages; count++) {
    const { who, room, sockets } = turn(count)
    const text = `wide ${count}`
    const started = performance.now()
    const seen = crowd.seen(text, started, sockets)
    await say(world, who, room, text)
    times.push(await seen)
  }
  const sorted = Float64Array.from(times).sort()
  return { to_last_socket_ms_p50: round(quantile(sorted, 0.5)), to_last_socket_ms_p99: round(quantile(sorted, 0.99)) }
}

/** What a process has used of the CPU since its start, and what it has of the memory now. */
function usageOf(pid = 0): Usage {
  return { cpuMs: (cpuSeconds({ pod: pid }).pod ?? 0) * 1_000, rssMb: residentBytes(pid) / 2 ** 20 }
}

function urlOf(world: World): string {
  return world.relays[0]?.url ?? ''
}

function names(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${role}-${index}`)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

await measure()
