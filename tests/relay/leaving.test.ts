import { expect, test } from 'vitest'
import { controlChannel } from '../../schemas/bus.ts'
import { ChatError } from '../../schemas/errors.ts'
import { until } from '../support/until.ts'
import { eventOf } from './support/model-backend.ts'
import { range } from './support/ordered.ts'
import { startRelay } from './support/relay.ts'

const quietSweep = { sweepInterval: 60_000 }

test('a removed member sees his removal and loses the socket of that room with 4403, the others keep theirs', async () => {
  const { backend, enter } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  const other = backend.room(2)
  const [stays, goes, elsewhere] = [await enter(1, room), await enter(2, room), await enter(2, other)]
  backend.remove(room, 2)
  expect(await goes.closed()).toBe(4403)
  expect(goes.frames.at(-1)).toMatchObject({ type: 'participant_removed', user_id: 2 })
  expect(await stays.next('participant_removed')).toMatchObject({ user_id: 2 })
  await elsewhere.fence()
})

test('a removal that the bus lost closes the socket by the sweep', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1, 2)
  const goes = await enter(2, room)
  backend.silent = true
  backend.remove(room, 2)
  expect(await goes.closed()).toBe(4403)
})

test('from the socket of all rooms a room vanishes with the removal, and the socket stays', async () => {
  const { backend, enterAll } = await startRelay({ options: quietSweep })
  const [room, other] = [backend.room(1, 2), backend.room(2)]
  const wide = await enterAll(2)
  backend.remove(room, 2)
  await wide.next('participant_removed')
  backend.send(room, 1, 'a secret')
  wide.say({ type: 'chat_message', message: 'x', room_id: room.id })
  expect(await wide.next('error')).toMatchObject({ code: 'not_participant' })
  backend.send(other, 2, 'x')
  expect((await wide.next('chat_message')).room_id).toBe(other.id)
  expect(wide.of('chat_message')).toHaveLength(1)
})

test('a deleted room closes its sockets with 4404 after the frame, and vanishes from the others', async () => {
  const { backend, enter, enterAll } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  const [single, wide] = [await enter(1, room), await enterAll(2)]
  room.do({ kind: 'archive' })
  const [frame] = room.changes(room.head - 1)
  if (frame?.type === 'room_updated') backend.say(room.id, [eventOf({ ...frame, room: { ...frame.room, is_deleted: true } })])
  expect(await single.closed()).toBe(4404)
  expect(single.frames.at(-1)).toMatchObject({ type: 'room_updated', room: { is_deleted: true } })
  await wide.next('room_updated')
  wide.say({ type: 'mark_room_read', room_id: room.id })
  expect(await wide.next('error')).toMatchObject({ code: 'not_participant' })
})

test('a room that the server no longer knows closes its sockets with 4404', async () => {
  const { backend, enter } = await startRelay()
  const room = backend.room(1)
  const socket = await enter(1, room)
  backend.gone.add(room.id)
  expect(await socket.closed()).toBe(4404)
})

test.each([false, true])('a room that the user joins appears on his socket with his own arrival (bus silent: %s)', async (silent) => {
  const { backend, enterAll, enter } = await startRelay({ options: silent ? {} : quietSweep })
  const room = backend.room(1)
  const [host, wide, second] = [await enter(1, room), await enterAll(2), await enterAll(2)]
  for (const index of range(1, 30)) backend.send(room, 1, `before ${index}`)
  backend.silent = silent
  backend.join(room, 2)
  backend.send(room, 1, 'after')
  for (const socket of [wide, second]) {
    await until(() => socket.seqs(room.id).length === 2)
    expect(socket.durable(room.id)).toMatchObject([
      { type: 'participant_added', seq: 32, participant: { user: { id: 2 } } },
      { type: 'chat_message', seq: 33 },
    ])
  }
  await until(() => host.seqs().at(-1) === 33)
  expect(host.seqs()).toEqual(range(2, 33))
  wide.say({ type: 'chat_message', message: 'thanks', room_id: room.id })
  await until(() => host.seqs().at(-1) === 34)
})

test('an arrival long ago still lets the room appear', async () => {
  const { backend, enterAll } = await startRelay()
  const room = backend.room(1)
  const wide = await enterAll(2)
  backend.silent = true
  backend.join(room, 2)
  for (const index of range(1, 300)) backend.send(room, 1, `${index}`)
  await until(() => {
    backend.send(room, 1, 'does it see me?')
    return wide.seqs(room.id).length > 0
  })
  await until(() => wide.seqs(room.id).at(-1) === room.head)
  const seqs = wide.seqs(room.id)
  expect(seqs).toEqual(range(seqs[0] ?? 0, room.head))
})

test('leaving and coming back, a room vanishes and appears again', async () => {
  const { backend, enterAll } = await startRelay({ options: quietSweep })
  const room = backend.room(1, 2)
  const wide = await enterAll(2)
  backend.remove(room, 2)
  await wide.next('participant_removed')
  backend.send(room, 1, 'without him')
  backend.join(room, 2)
  expect(await wide.next('participant_added')).toMatchObject({ seq: room.head })
  expect(wide.of('chat_message')).toEqual([])
})

/** Removed and taken in again; the news of the room itself is published only after all the relay has asked about it is answered. */
async function comeBackBeforeTheRemovalIsHeard({ backend, bus, enterAll }: Awaited<ReturnType<typeof startRelay>>) {
  const room = backend.room(1, 2)
  const wide = await enterAll(2)
  const seen = room.head
  backend.silent = true
  backend.remove(room, 2)
  backend.join(room, 2)
  backend.silent = false
  bus.publish(controlChannel, JSON.stringify({ kind: 'membership', user_id: 2, room_id: room.id }))
  await wide.fence()
  return {
    room,
    wide,
    hear: () =>
      backend.say(
        room.id,
        room.changes(seen).map((frame) => eventOf(frame)),
      ),
  }
}

test('a room comes back also when its user was taken in again before his removal was heard', async () => {
  const relay = await startRelay({ options: quietSweep })
  const { room, wide, hear } = await comeBackBeforeTheRemovalIsHeard(relay)
  hear()
  await wide.next('participant_removed')
  expect(await wide.next('room_appeared')).toMatchObject({ room_id: room.id })
  expect(await wide.next('participant_added')).toMatchObject({ seq: room.head })
  relay.backend.send(room, 1, 'welcome back')
  expect(await wide.next('chat_message')).toMatchObject({ seq: room.head })
})

test('a room that could not be asked for then comes back by the sweep', async () => {
  const relay = await startRelay({ options: { sweepInterval: 20 } })
  const { room, wide, hear } = await comeBackBeforeTheRemovalIsHeard(relay)
  let refused = 0
  relay.backend.refuse = ({ name }) => (name === 'open' && refused++ === 0 ? new ChatError('unavailable', 'No server answers.') : undefined)
  hear()
  expect(await wide.next('room_appeared')).toMatchObject({ room_id: room.id })
  expect(refused).toBeGreaterThan(1)
})

test('a room that appears while the socket of all rooms opens is on it', async () => {
  const { backend, enterAll } = await startRelay()
  const [known, later] = [backend.room(1, 2), backend.room(1)]
  let joined = false
  backend.beforeAnswer = ({ name }) => {
    if (name !== 'authorize' || joined) return
    joined = true
    backend.silent = true
    backend.join(later, 2)
    backend.silent = false
  }
  const wide = await enterAll(2)
  expect(await wide.next('participant_added')).toMatchObject({ room_id: later.id, seq: 2 })
  expect(known.head).toBe(2)
})

test.each([false, true])('a session that ends closes its sockets with 4401, and no others (bus silent: %s)', async (silent) => {
  const { backend, enter, socketAt } = await startRelay({ options: silent ? {} : quietSweep })
  const room = backend.room(1, 2)
  const path = `/ws/chat/${room.id}/?token=`
  const [ended, kept] = await Promise.all([
    socketAt(path + backend.token(1, 'ended')).opened(),
    socketAt(path + backend.token(1, 'kept')).opened(),
  ])
  const other = await enter(2, room)
  backend.silent = silent
  backend.endSession(1, 'ended')
  expect(await ended.closed()).toBe(4401)
  for (const socket of [kept, other]) await socket.fence()
})

test('sessions are asked about once after they changed, not with every sweep', async () => {
  const { backend, enter } = await startRelay({ options: { sweepInterval: 10 } })
  const room = backend.room(1)
  await enter(1, room)
  backend.silent = true
  backend.endSession(1, 'another')
  await until(() => backend.count('sessions') === 1)
  const heads = backend.count('heads')
  await until(() => backend.count('heads') > heads + 3)
  expect(backend.count('sessions')).toBe(1)
})

test('a token that expires closes the socket with 4401, one that was renewed does not', async () => {
  const { backend, enter } = await startRelay({ options: { sweepInterval: 5 } })
  const room = backend.room(1, 2)
  backend.tokenLife = 300
  const [expires, renews] = [await enter(1, room), await enter(2, room)]
  backend.tokenLife = 60_000
  renews.say({ type: 'refresh_token', token: backend.token(2) })
  await renews.next('token_refreshed')
  expect(await expires.closed()).toBe(4401)
  await renews.fence()
})
