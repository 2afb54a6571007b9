import { pace } from './parts/pacing.ts'
import type { Pod } from './parts/pod.ts'
import type { Random } from './parts/random.ts'
import type { World } from './parts/world.ts'

export type Fault = {
  name: string
  /** A process is killed, or a connection of the database cut off. */
  isKill: boolean
  /** What it takes into its hands; undefined when all of that is in the hands of others. */
  take(world: World, random: Random): Hold | undefined
}
type Hold = { parts: Holdable[]; run(): Promise<void> }
type Holdable = { busy: boolean }

/** The database and Redis have one fault at a time, as pods have. */
const database: Holdable = { busy: false }
const redis: Holdable = { busy: false }

export const faults = {
  'kill server': killPod('kill server', ({ servers }) => servers),
  'kill relay': killPod('kill relay', ({ relays }) => relays),
  'kill redis': onRedis('kill redis', true, async (world) => {
    await world.redis.kill()
    await world.redis.start()
  }),
  'kill backend': onDatabase('kill backend', async (world) => {
    const pid = await pickBackend(world)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    await world.postgres.start()
  }),
  'terminate backend': onDatabase('terminate backend', async (world) => {
    const pid = await pickBackend(world)
    if (pid !== undefined) await world.sql`select pg_terminate_backend(${pid})`.catch(() => undefined)
  }),
  'kill postmaster': onDatabase('kill postmaster', async (world) => {
    await world.postgres.kill()
    await world.postgres.start()
  }),
  'restart postgres': onDatabase('restart postgres', async (world) => {
    await world.postgres.stop()
    await world.postgres.start()
  }),
  'die between commit and publish': failpoint('die between commit and publish', 'die before publish'),
  'die between commit and ack': failpoint('die between commit and ack', 'die before ack'),
  'freeze server 5 s': freezePod('freeze server 5 s', 5_000, ({ servers }) => servers),
  'freeze relay 5 s': freezePod('freeze relay 5 s', 5_000, ({ relays }) => relays),
  'freeze server 40 s': freezePod('freeze server 40 s', 40_000, ({ servers }) => servers),
  'freeze relay 40 s': freezePod('freeze relay 40 s', 40_000, ({ relays }) => relays),
  'freeze redis 5 s': onRedis('freeze redis 5 s', false, async (world) => {
    world.redis.pause()
    await pace(5_000)
    world.redis.resume()
  }),
  'cut subscribers': onRedis('cut subscribers', false, async (world) => {
    await world.redis
      .admin()
      .call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      .catch(() => undefined)
  }),
  'redis away 10 s': redisAway('redis away 10 s', 10_000),
  'redis away 60 s': redisAway('redis away 60 s', 60_000),
} as const satisfies Record<string, Fault>

function killPod(name: string, choose: (world: World) => Pod[]): Fault {
  return onPod(name, true, choose, async (pod) => {
    await pod.kill()
    await pod.start()
  })
}

function freezePod(name: string, milliseconds: number, choose: (world: World) => Pod[]): Fault {
  return onPod(name, false, choose, async (pod) => {
    pod.freeze()
    await pace(milliseconds)
    pod.thaw()
  })
}

/** Only the servers that are entries of the harness have failpoints. Where nothing is published for a while, it is killed as it is. */
function failpoint(name: string, what: 'die before publish' | 'die before ack'): Fault {
  return onPod(
    name,
    true,
    ({ servers }) => servers.slice(1),
    async (pod) => {
      await pod.tell({ do: what })
      await Promise.race([pod.ended(), pace(5_000)])
      await pod.kill()
      await pod.start()
    },
  )
}

function redisAway(name: string, milliseconds: number): Fault {
  return onRedis(name, true, async (world) => {
    await world.redis.kill()
    await pace(milliseconds)
    await world.redis.start()
  })
}

function onPod(name: string, isKill: boolean, choose: (world: World) => Pod[], run: (pod: Pod) => Promise<void>): Fault {
  return {
    name,
    isKill,
    take(world, random) {
      const pod = random.shuffled(choose(world)).find(({ busy }) => !busy)
      return pod && { parts: [pod], run: () => run(pod) }
    },
  }
}

function onRedis(name: string, isKill: boolean, run: (world: World) => Promise<void>): Fault {
  return { name, isKill, take: (world) => (redis.busy ? undefined : { parts: [redis], run: () => run(world) }) }
}

function onDatabase(name: string, run: (world: World) => Promise<void>): Fault {
  return { name, isKill: true, take: (world) => (database.busy ? undefined : { parts: [database], run: () => run(world) }) }
}

/** One of the connections of the servers. */
async function pickBackend({ sql }: World): Promise<number | undefined> {
  const rows = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where application_name = 'aristay-chat' order by random() limit 1`.catch(() => [])
  return rows[0]?.pid
}
