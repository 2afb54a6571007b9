import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { createChatClient } from '../../public/client/index.ts'
import { hashPassword } from '../../server/passwords.ts'
import { setStage } from '../chaos/actors/stage.ts'
import { gatherEvidence } from '../chaos/finish.ts'
import { judge } from '../chaos/judge/judge.ts'
import { Random } from '../chaos/parts/random.ts'
import { openWorld, type World } from '../chaos/parts/world.ts'
import { act } from '../chaos/run.ts'
import { testPassword } from '../support/chat.ts'
import { startNginx } from '../support/nginx.ts'
import { Person } from '../support/person.ts'
import { until } from '../support/until.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

describe.runIf(inject('redis') && inject('nginx'))('two servers and two relays behind nginx', { timeout: 240_000 }, () => {
  let world: World
  let nginx: Awaited<ReturnType<typeof startNginx>>
  let alice: Person
  let bob: Person
  let room: string

  beforeAll(async () => {
    world = await openWorld({ productionServers: 2, ofServers: { TRUSTED_PROXIES: '1' } })
    nginx = await startNginx({ servers: world.servers.map(({ url }) => url), relays: world.relays.map(({ url }) => url) })
    const password_hash = await hashPassword(testPassword)
    const rows = ['alice', 'bob'].map((username) => ({ username, first_name: username, password_hash }))
    const made = await world.sql<{ id: number; username: string }[]>`insert into users ${world.sql(rows)} returning id, username`
    ;[alice, bob] = made.map(({ id, username }) => new Person(nginx.url, id, username)) as [Person, Person]
    await Promise.all([alice.signIn(testPassword), bob.signIn(testPassword)])
    room = (await alice.post('/api/chat/rooms/', { room_type: 'group', name: 'Wide', participant_ids: [bob.id] })).body.id
  }, 120_000)

  afterAll(async () => {
    alice?.disconnectAll()
    bob?.disconnectAll()
    await nginx?.close()
    await world?.close()
  })

  /** The same person, who talks to one process and not to the one address. */
  function directly(who: Person, url: string | undefined): Person {
    return Object.assign(new Person(url ?? '', who.id, who.username), { access: who.access, refresh: who.refresh })
  }

  test('what is sent to one server arrives on the sockets of both relays, and what is sent on a socket too', async () => {
    const sockets = await Promise.all([
      ...world.relays.map(({ url }) => directly(bob, url).connect(room)),
      ...Array.from({ length: 4 }, () => bob.connect(room)),
    ])
    for (const [index, { url }] of world.servers.entries()) {
      const content = `by server ${index + 1}`
      const { status } = await directly(alice, url).post('/api/chat/messages/', { room, content })
      expect(status).toBe(201)
      for (const socket of sockets) expect((await socket.next('chat_message')).message.content).toBe(content)
    }
    sockets[2]?.send({ type: 'chat_message', message: 'on a socket' })
    for (const socket of sockets) expect((await socket.next('chat_message')).message.content).toBe('on a socket')
    for (const socket of sockets) socket.close()
    await Promise.all(sockets.map((socket) => socket.closed))
    await until(async () => {
      const logged = await nginx.logged()
      return world.relays.every(({ url }) => logged.includes(`upstream="${new URL(url).host}" "101"`))
    })
  })

  test('a refresh token is used up for all servers', async () => {
    const [one, other] = world.servers.map(({ url }) => new Person(url, alice.id, alice.username))
    if (!one || !other) throw new Error('a server is missing')
    await one.signIn(testPassword)
    const refreshed = await other.post('/api/token/refresh/', { refresh: one.refresh })
    expect(refreshed.status).toBe(200)
    expect(await one.post('/api/token/refresh/', { refresh: one.refresh })).toMatchObject({
      status: 401,
      body: { code: 'token_not_valid' },
    })
    one.access = refreshed.body.access
    expect((await one.get('/api/chat/rooms/')).status).toBe(200)
  })

  test('a file that one server took is given out by the other, under the one address', async () => {
    const [one, other] = world.servers
    const form = new FormData()
    form.set('room', room)
    form.set('attachment', new Blob([png]), 'roof.png')
    const sent = await directly(alice, one?.url).post('/api/chat/messages/', form)
    expect(sent.status).toBe(201)
    const seen = await bob.get(`/api/chat/messages/${sent.body.id}/`)
    const link = new URL(seen.body.attachment)
    expect(link.origin).toBe(nginx.url)
    for (const origin of [nginx.url, other?.url]) {
      const file = await fetch(`${origin}${link.pathname}${link.search}`)
      expect([file.status, Buffer.from(await file.arrayBuffer()).equals(png)]).toEqual([200, true])
    }
  })

  test('a file of 25 MB passes, and one that is larger is refused as the service would', async () => {
    const large = (bytes: number) => {
      const form = new FormData()
      form.set('room', room)
      form.set('attachment', new Blob([png, Buffer.alloc(bytes - png.length)]), 'large.png')
      return form
    }
    expect((await alice.post('/api/chat/messages/', large(25 * 1024 * 1024))).status).toBe(201)
    const refused = await alice.post('/api/chat/messages/', large(27 * 1024 * 1024))
    expect(refused).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
  })

  test('what a client says of itself in X-Forwarded headers counts nothing', async () => {
    const lies = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '1.2.3.4' }
    const { body } = await alice.request('GET', '/api/chat/messages/?page_size=1', undefined, lies)
    expect(new URL(body.next).origin).toBe(nginx.url)
  })

  test('a socket that a foreign page opens is refused, and one of our own page is not', async () => {
    expect(await alice.open(room, '', { origin: 'https://evil.example' }).refused).toBe(403)
    expect(await alice.open(room, '', { origin: nginx.url }).refused).toBeUndefined()
  })

  test('while a relay drains, its sockets are told to come back, and new ones are let in by the other', async () => {
    const [relay] = world.relays
    if (!relay) throw new Error('a relay is missing')
    const drained = await directly(bob, relay.url).connect(room)
    const terminated = relay.terminate()
    await until(async () => !(await relay.isReady()))
    for (let count = 0; count < 10; count++) {
      const socket = await alice.connect(room)
      socket.close()
      await socket.closed
    }
    expect(await drained.closed).toBe(1012)
    await terminated
    await relay.start()
    await until(() => relay.isReady())
  })

  test('while servers and relays are killed under load, nothing is lost, doubled or out of order for those at the one address', async () => {
    const address = [{ url: nginx.url }] as World['servers']
    const stage = await setStage(
      { ...world, servers: address, relays: address },
      { rooms: 1, writersPerRoom: 4, roomObservers: 1, allObservers: 1 },
    )
    let stopped = false
    const acting = act(stage, new Random(1), 30, () => stopped)
    for (const pod of [...world.servers, ...world.relays]) {
      const before = stage.ledger.counts().acks
      await until(() => stage.ledger.counts().acks > before + 15)
      await pod.kill()
      const killed = stage.ledger.counts().acks
      await until(() => stage.ledger.counts().acks > killed + 15)
      await pod.start()
      await until(() => pod.isReady())
    }
    stopped = true
    await Promise.all(acting)
    expect(stage.ledger.sends.filter((send) => send.acks.length === 0 && !send.mayBeRefused)).toEqual([])
    expect(judge(await gatherEvidence(stage)).violations).toEqual([])
  })

  test('the client module comes back through the other relay and has everything, in order and once', async () => {
    const client = createChatClient({ baseUrl: nginx.url, WebSocket, tokenProvider: async () => bob.access })
    const heard: string[] = []
    client.on('frame', (frame) => frame.type === 'chat_message' && frame.room_id === room && heard.push(frame.message.content))
    let established = 0
    client.on('established', () => established++)
    await client.start()
    await until(() => established === 1)
    const said: string[] = []
    const say = async () => {
      said.push(`for the client ${said.length}`)
      await alice.say(room, said.at(-1) ?? '', { client_id: randomUUID() })
    }
    await say()
    for (const relay of world.relays) {
      await until(() => client.status.phase === 'open')
      await relay.kill()
      for (let count = 0; count < 5; count++) await say()
      const own = client.send(room, `bob, after ${relay.name}`)
      said.push(own.content)
      await until(() => heard.includes(own.content))
      await relay.start()
      await until(() => relay.isReady())
    }
    await until(() => heard.length >= said.length)
    expect(heard).toEqual(said)
    expect(established).toBeGreaterThan(1)
    await client.stop()
  })

  test('no log has a token, a signature or a search in it', async () => {
    await alice.get('/api/chat/messages/search/?q=sesame')
    await Promise.all(world.relays.map((relay) => relay.kill()))
    expect(await alice.open(room).refused).toBe(503)
    const logged = await nginx.logged()
    expect(logged).toContain('"/ws/chat/')
    expect(logged).toContain('"/api/chat/messages/search/"')
    expect(logged).toContain('"/api/chat/attachments/')
    expect(logged).not.toMatch(/token=|signature=|sesame|eyJ/)
  })
})
