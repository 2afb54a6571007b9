import type { Page } from '../../schemas/lists.ts'
import type { Message } from '../../schemas/messages.ts'
import type { Participant, Participation } from '../../schemas/participants.ts'
import type { Room, RoomListItem, RoomStats, RoomType } from '../../schemas/rooms.ts'
import type { DurableFrame } from '../../schemas/socket.ts'
import type { Typing } from '../../schemas/typing.ts'
import type { UserBrief } from '../../schemas/users.ts'
import { ApiError } from './errors.ts'
import { type Http, type Query, urlOf } from './http.ts'
import type { Changes } from './order.ts'
import type { LoadedPage } from './state.ts'
import type { TokenSource } from './tokens.ts'
import type { Progress, Upload } from './upload.ts'

/** A stretch of a room's messages: before, after or around a seq; without any of them the newest. `limit` 50 at first. */
export type Stretch = { before?: number; after?: number; around?: number; limit?: number }
export type NewRoom = { room_type: RoomType; name?: string; task?: number; property?: number; participant_ids?: number[] }
export type NewMessage = { room: string; content: string; reply_to?: string | null; client_id?: string }
export type NewFile = {
  room: string
  file: Blob
  name: string
  content?: string
  reply_to?: string | null
  client_id?: string
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}
export type Receipts = { read: { user: UserBrief; read_at: string }[]; unread: UserBrief[] }
/** Unread messages of all my rooms together, and by room. */
export type Unread = { total: number; rooms: { room_id: string; unread_count: number }[] }

export type Api = ReturnType<typeof createApi>
export type ApiOptions = { http: Http; tokens: TokenSource; upload: Upload; baseUrl: string }

const rooms = '/api/chat/rooms/'
const messages = '/api/chat/messages/'
const participants = '/api/chat/participants/'
const stretchOf = 50

/** Every call of the contract. All reject with ApiError or SignedOutError; those that are safe to repeat are repeated by themselves. */
export function createApi({ http, tokens, upload, baseUrl }: ApiOptions) {
  const get = <Answer>(path: string, query: Query = {}) => http<Answer>({ method: 'GET', path, query })
  const post = <Answer>(path: string, body: unknown = {}) => http<Answer>({ method: 'POST', path, body })
  /** A post that leaves things as they are when it is done twice. */
  const put = <Answer>(path: string, body: unknown = {}) => http<Answer>({ method: 'POST', path, body, repeatable: true })
  const patch = <Answer>(path: string, body: unknown) => http<Answer>({ method: 'PATCH', path, body, repeatable: true })
  const remove = async (path: string) => {
    await http<undefined>({ method: 'DELETE', path })
  }
  return {
    /** For endpoints that are not here. */
    request: http,

    listRooms: (query: Query = {}) => get<Page<RoomListItem>>(rooms, query),
    room: (id: string) => get<Room>(`${rooms}${id}/`),
    createRoom: (room: NewRoom) => post<Room>(rooms, room),
    renameRoom: (id: string, name: string) => patch<Room>(`${rooms}${id}/`, { name }),
    deleteRoom: (id: string) => remove(`${rooms}${id}/`),
    archiveRoom: (id: string) => put<Room>(`${rooms}${id}/archive/`),
    unarchiveRoom: (id: string) => put<Room>(`${rooms}${id}/unarchive/`),
    leaveRoom: (id: string) => post<{ message: string }>(`${rooms}${id}/leave/`),
    markRoomRead: (id: string) => put<{ message: string }>(`${rooms}${id}/mark_read/`),
    roomStats: (id: string) => get<RoomStats>(`${rooms}${id}/stats/`),
    /** The room's log after `since`, oldest first; not `complete` when there is more. */
    changes: (id: string, since: number, limit?: number) => get<Changes<DurableFrame>>(`${rooms}${id}/changes/`, { since, limit }),
    unread: () => get<Unread>('/api/chat/unread/'),

    listMessages: (query: Query = {}) => get<Page<Message>>(messages, query),
    /** Messages together with the stretch of history that they cover without a hole. */
    loadMessages: async (room: string, stretch: Stretch = {}): Promise<LoadedPage> => {
      const query = { limit: stretchOf, ...stretch }
      const { results, next, previous } = await get<Page<Message>>(messages, { room, ...query })
      return {
        messages: results,
        range: rangeOf(
          results.map(({ seq }) => seq),
          stretch,
          next !== null,
          previous !== null,
        ),
      }
    },
    message: (id: string) => get<Message>(`${messages}${id}/`),
    /** Safe to repeat with the same `client_id`: it is the same message then. */
    sendMessage: (message: NewMessage) => post<Message>(messages, message),
    sendFile: ({ signal, onProgress, ...file }: NewFile) =>
      sendFile(file, { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) }),
    editMessage: (id: string, content: string) => patch<Message>(`${messages}${id}/`, { content }),
    deleteMessage: (id: string) => remove(`${messages}${id}/`),
    markMessageRead: (id: string) => put<Message>(`${messages}${id}/mark_read/`),
    /** From the message on the room counts as unread for me. */
    markUnread: (id: string) => put<Participation>(`${messages}${id}/mark_unread/`),
    receipts: (id: string) => get<Receipts>(`${messages}${id}/receipts/`),
    searchMessages: (q: string, query: Query = {}) => get<Page<Message>>(`${messages}search/`, { ...query, q }),

    listParticipants: (query: Query = {}) => get<Page<Participant>>(participants, query),
    addParticipant: (room: string, user: number, is_admin = false) => post<Participant>(participants, { room, user, is_admin }),
    setAdmin: (id: number, is_admin: boolean) => patch<Participant>(`${participants}${id}/`, { is_admin }),
    removeParticipant: (id: number) => remove(`${participants}${id}/`),
    /** `until` is an RFC 3339 time; without it, for good. */
    mute: (id: number, muted: boolean, until?: string) =>
      put<Participant>(`${participants}${id}/mute/`, { muted, muted_until: until ?? null }),
    listTyping: (room: string) => get<Page<Typing>>('/api/chat/typing/', { room }),
  }

  async function sendFile(file: Omit<NewFile, 'signal' | 'onProgress'>, hooks: Pick<NewFile, 'signal' | 'onProgress'>): Promise<Message> {
    const send = async (token: string) => {
      const call = { url: urlOf(baseUrl, { path: messages }), path: messages, body: formOf(file), token, ...hooks }
      return (await upload(call)) as Message
    }
    const token = await tokens.access()
    try {
      return await send(token)
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status !== 401) throw cause
      return send(await tokens.renew(token))
    }
  }
}

function formOf({ room, file, name, content, reply_to, client_id }: NewFile): FormData {
  const form = new FormData()
  form.set('room', room)
  if (content) form.set('content', content)
  if (reply_to) form.set('reply_to', reply_to)
  if (client_id) form.set('client_id', client_id)
  // Last, so that the server knows the rest before the bytes come.
  form.set('attachment', file, name)
  return form
}

/** Newest first: `next` is what is older, `previous` what is newer. An empty answer to `before` or `after` is the end of the history. */
export function rangeOf(seqs: readonly number[], stretch: Stretch, hasOlder: boolean, hasNewer: boolean) {
  const anchors = stretch.around === undefined ? [] : [stretch.around]
  const lowest = Math.min(...seqs, ...anchors, stretch.after === undefined ? Infinity : stretch.after + 1)
  const highest = Math.max(...seqs, ...anchors, stretch.before === undefined ? 0 : stretch.before - 1)
  const reachesStart = stretch.after === undefined && (!hasOlder || seqs.length === 0)
  const reachesEnd = stretch.before === undefined && (!hasNewer || seqs.length === 0)
  return { from: reachesStart ? 0 : lowest, to: reachesEnd ? Infinity : highest }
}
