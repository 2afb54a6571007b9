import { signal } from '@preact/signals'
import type { ChatClient } from '../client/index.ts'

type Typist = { user_id: number; username: string }

/** Milliseconds after the last sign of typing. */
const vanishes = 6_000
/** Milliseconds between two signs of mine. */
const tellsEvery = 3_000

/** Who is typing where, and my own typing told. */
export function createTyping(client: ChatClient) {
  const rooms = signal<ReadonlyMap<string, readonly Typist[]>>(new Map())
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  let told = { roomId: '', at: 0 }

  const remove = (roomId: string, userId: number) => {
    clearTimeout(timers.get(`${roomId} ${userId}`))
    const typists = rooms.peek().get(roomId)
    if (!typists?.some(({ user_id }) => user_id === userId)) return
    rooms.value = new Map(rooms.peek()).set(
      roomId,
      typists.filter(({ user_id }) => user_id !== userId),
    )
  }
  client.on('typing', ({ room_id, user_id, username, is_typing }) => {
    if (!is_typing || user_id === client.me) return remove(room_id, user_id)
    const key = `${room_id} ${user_id}`
    clearTimeout(timers.get(key))
    timers.set(
      key,
      setTimeout(() => remove(room_id, user_id), vanishes),
    )
    const typists = rooms.peek().get(room_id) ?? []
    if (!typists.some((typist) => typist.user_id === user_id))
      rooms.value = new Map(rooms.peek()).set(room_id, [...typists, { user_id, username }])
  })
  client.on('frame', (frame) => {
    if (frame.type === 'chat_message' && frame.message.sender) remove(frame.room_id, frame.message.sender.id)
  })

  return {
    rooms,
    /** I have typed; said at most every three seconds. */
    typed(roomId: string): void {
      if (told.roomId === roomId && Date.now() - told.at < tellsEvery) return
      told = { roomId, at: Date.now() }
      client.typing(roomId, true)
    },
    /** The message says that I no longer type. */
    sent(roomId: string): void {
      if (told.roomId === roomId) told = { roomId, at: 0 }
    },
    stopped(roomId: string): void {
      if (told.roomId !== roomId || told.at === 0) return
      told = { roomId, at: 0 }
      client.typing(roomId, false)
    },
  }
}
