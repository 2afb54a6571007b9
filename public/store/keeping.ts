import { effect } from '@preact/signals'
import type { DurableFrame } from '../../schemas/socket.ts'
import { ApiError, type ChatClient, stateFromRest } from '../client/index.ts'
import { whenIdle } from './idle.ts'
import type { Kept } from './kept.ts'
import type { RoomList } from './room-list.ts'
import type { Session } from './session.ts'

type Parts = { client: ChatClient; kept: Kept; session: Session; rooms: RoomList }

/** Milliseconds in which changes are gathered before they are written. */
const gather = 500
/** Conversations that are fetched to be kept, though nobody has opened them here. */
const fetchedAtMost = 20

/** Keeps what the page shows, and what it would show in a room, for when it is opened without a network. */
export function createKeeping({ client, kept, session, rooms }: Parts) {
  /** Rooms whose state has changed while one looks at them, and what has come into others. */
  const changed = new Set<string>()
  const came = new Map<string, DurableFrame[]>()
  let isListNew = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const soon = () => {
    timer ??= setTimeout(write, gather)
  }
  function write(): void {
    clearTimeout(timer)
    timer = undefined
    const me = session.me.peek()?.id
    if (me === undefined) return
    if (isListNew) void kept.list.put(me, [...rooms.rooms.peek().values()])
    for (const id of changed) {
      const state = client.rooms.state(id)
      if (state) void kept.states.put(me, state)
    }
    for (const [id, frames] of came) void kept.states.advance(me, id, frames)
    clear()
  }
  function clear(): void {
    isListNew = false
    changed.clear()
    came.clear()
  }

  effect(() => {
    void rooms.rooms.value
    if (!rooms.loaded.value) return
    isListNew = true
    soon()
  })
  const changes = ({ room_id }: { room_id: string }) => {
    changed.add(room_id)
    soon()
  }
  client.rooms.events.on('loaded', changes)
  client.on('receipt', changes)
  client.on('frame', (frame) => {
    if (client.rooms.state(frame.room_id)) return changes(frame)
    came.set(frame.room_id, [...(came.get(frame.room_id) ?? []), frame])
    soon()
  })
  const forget = (roomId: string) => {
    const me = session.me.peek()?.id
    changed.delete(roomId)
    came.delete(roomId)
    if (me !== undefined) void kept.states.delete(me, roomId)
  }
  client.on('vanished', ({ room_id }) => forget(room_id))
  client.on('unloaded', ({ room_id, error }) => {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) forget(room_id)
  })
  addEventListener('pagehide', write)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && write())

  /** The conversations that were in use last, as far as they are not kept as they are now. */
  async function fetchLast(me: number): Promise<void> {
    await kept.states.keepOnly(me, new Set(rooms.rooms.peek().keys()))
    for (const { id, seq, last_message_time } of rooms.sorted.peek().slice(0, fetchedAtMost)) {
      const known = await kept.states.get(me, id)
      if ((known?.seq ?? -1) >= seq || client.rooms.state(id)) continue
      const room = await client.api.room(id)
      const state = stateFromRest(room, await client.api.loadMessages(id))
      if (session.me.peek()?.id !== me) return
      await kept.states.put(me, state, Date.parse(last_message_time))
    }
  }
  let fetchedFor: number | undefined
  effect(() => {
    const me = session.me.value?.id
    // Within a foreign page the chat opens with a token only, so never without a network.
    if (me === undefined || me === fetchedFor || !rooms.loaded.value || !client.signIn) return
    fetchedFor = me
    // Comes after everything that somebody waits for; what cannot be had now is had when the room is opened.
    whenIdle(() => void fetchLast(me).catch(() => undefined))
  })

  return { clear }
}
