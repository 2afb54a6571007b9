import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../db/embedded/free-port.ts'
import { slotCount, slotOf } from '../../relay/bus/slots.ts'
import { type RedisServer, redisServer } from './redis-server.ts'
import { until } from './until.ts'

/** A Redis Cluster that a test may ill-treat: masters with an equal share of the slots each, and no replicas. */
export type RedisCluster = {
  urls: string[]
  nodes: RedisServer[]
  /** The node that has a channel or key in the beginning. */
  ownerOf(name: string): RedisServer
  /** For each node a name that begins with `name` and, behind the prefix, is one of its channels. */
  nameOnEach(name: string, prefix: string): string[]
  /** A node that follows one of the masters and takes its place when it is gone. */
  addReplica(of: RedisServer): Promise<RedisServer>
  /** Every node says that the cluster is complete. */
  ready(): Promise<void>
  close(): Promise<void>
}

export async function redisCluster(count = 3): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'aristay-redis-cluster-'))
  const members: { server: RedisServer; busPort: number }[] = []
  const nodes: RedisServer[] = []
  const owner = (name: string) => Math.floor((slotOf(name) * count) / slotCount)

  async function ready() {
    await until(async () => {
      const states = await Promise.all(members.map(({ server }) => stateOf(server)))
      return states.every((state) => state.includes('cluster_state:ok') && state.includes(`cluster_known_nodes:${members.length}`))
    }, 30_000)
  }

  /** Started, and known to the first. */
  async function addMember(): Promise<RedisServer> {
    const busPort = await freePort()
    const server = await redisServer(nodeOptions(folder, members.length, busPort))
    members.push({ server, busPort })
    await server.start()
    const [first] = members
    if (first && first.server !== server) {
      await first.server.admin().call('CLUSTER', 'MEET', '127.0.0.1', new URL(server.url).port, String(busPort))
    }
    return server
  }

  async function addMaster(index: number) {
    const server = await addMember()
    nodes.push(server)
    const [first, next] = [index, index + 1].map((place) => Math.ceil((place * slotCount) / count))
    await server.admin().call('CLUSTER', 'ADDSLOTSRANGE', String(first), String(Number(next) - 1))
  }

  async function addReplica(of: RedisServer) {
    const server = await addMember()
    await ready()
    const admin = server.admin()
    const id = String(await of.admin().call('CLUSTER', 'MYID'))
    await until(async () => (await admin.call('CLUSTER', 'REPLICATE', id).catch(() => '')) === 'OK')
    await until(async () => (await admin.info('replication')).includes('master_link_status:up'))
    await until(async () => String(await of.admin().call('CLUSTER', 'SLOTS')).includes(new URL(server.url).port))
    return server
  }

  function nameOnEach(name: string, prefix: string) {
    const names = Array.from({ length: 200 }, (_, index) => `${name}:${index}`)
    return nodes.map((_, index) => names.find((each) => owner(prefix + each) === index) ?? name)
  }

  async function close() {
    await Promise.all(members.map(({ server }) => server.close()))
    await rm(folder, { recursive: true, force: true })
  }

  try {
    for (let index = 0; index < count; index++) await addMaster(index)
    await ready()
  } catch (error) {
    await close()
    throw error
  }
  const ownerOf = (name: string) => nodes[owner(name)] as RedisServer
  return { urls: nodes.map((node) => node.url), nodes, ownerOf, nameOnEach, addReplica, ready, close }
}

function nodeOptions(folder: string, index: number, busPort: number): string[] {
  const options = {
    'cluster-enabled': 'yes',
    'cluster-config-file': join(folder, `nodes-${index}.conf`),
    'cluster-port': String(busPort),
    'cluster-node-timeout': '1000',
  }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
}

async function stateOf(node: RedisServer): Promise<string> {
  const admin = node.admin()
  const state = await admin.cluster('INFO').catch(() => '')
  admin.disconnect()
  return state
}
