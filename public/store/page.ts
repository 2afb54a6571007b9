import { effect, signal, untracked } from '@preact/signals'
import { createChatClient, type TokenProvider } from '../client/index.ts'
import { loadWords } from '../words/languages.ts'
import type { Words } from '../words/words.ts'
import { createAttachments } from './attachments.ts'
import { createConnection } from './connection.ts'
import { createConversation } from './conversation.ts'
import { createDrafts } from './drafts.ts'
import { createKeeping } from './keeping.ts'
import { openKept } from './kept.ts'
import { createLinks } from './links.ts'
import { createPanels } from './panels.ts'
import { createPlaces, type Places } from './place.ts'
import type { Preferences } from './preferences.ts'
import { createRoomList } from './room-list.ts'
import { createSearch } from './search.ts'
import { createSession } from './session.ts'
import { showUnread } from './title.ts'
import { createTyping } from './typing.ts'
import { createUploads } from './uploads.ts'

export type PageOptions = {
  baseUrl: string
  tokenProvider?: TokenProvider
  preferences: Preferences
  words: Words
  /** What carries language and theme: the document's element, or the host application's. */
  root: HTMLElement
  /** The address where left out. */
  places?: Places
  /** A foreign page's title and icon are not ours to change. */
  onUnread?: (count: number) => void
}
/** Everything behind the views. */
export type Page = ReturnType<typeof createPage>

export function createPage({ baseUrl, tokenProvider, preferences, words: first, root, ...more }: PageOptions) {
  const kept = openKept()
  const client = createChatClient({
    ...{ baseUrl, outboxStore: kept.outbox },
    ...(tokenProvider ? { tokenProvider } : { cookie: true }),
  })
  const words = signal(first)
  const session = createSession(client, kept)
  const rooms = createRoomList(client, kept, session)
  const drafts = createDrafts(kept, session)
  const uploads = createUploads(client)
  const places = more.places ?? createPlaces()
  const connection = createConnection(client)
  const roomAtStart = places.place.peek().roomId
  const conversation = createConversation({ client, kept, session, rooms, uploads, connection, roomAtStart })
  const keeping = createKeeping({ client, kept, session, rooms })
  const page = {
    /** Nothing but the room of the place. */
    oneRoom: signal(false),
    ...{ root, client, words, preferences, session, rooms, drafts, uploads, places, connection, conversation },
    typing: createTyping(client),
    links: createLinks(client),
    attachments: createAttachments(),
    search: createSearch(client),
    panels: createPanels(),
    start: () => session.start(),
  }

  let user: number | undefined
  effect(() => {
    const me = session.me.value?.id
    if (me === user) return
    if (user !== undefined) {
      conversation.close()
      for (const part of [keeping, rooms, drafts, uploads, page.panels, page.search, page.attachments, page.links]) part.clear()
    }
    user = me
    if (me !== undefined) {
      void rooms.restore(me)
      void drafts.restore(me)
    }
  })
  effect(() => {
    const { roomId, messageId } = places.place.value
    if (session.phase.value !== 'signed_in') return
    untracked(() => void visit(page, roomId, messageId))
  })
  effect(() => {
    const language = preferences.language.value
    void loadWords(language).then((loaded) => {
      if (preferences.language.peek() === language) words.value = loaded
    })
  })
  effect(() => {
    root.lang = words.value.language
    root.dataset.theme = preferences.shown.value
  })
  effect(() => (more.onUnread ?? ((count) => showUnread(count, words.value)))(rooms.unread.value))
  return page
}

async function visit(
  { conversation, panels }: Pick<Page, 'conversation' | 'panels'>,
  roomId: string | undefined,
  messageId: string | undefined,
) {
  if (conversation.roomId.peek() !== roomId) {
    panels.closeForRoom()
    if (roomId === undefined) return conversation.close()
    await conversation.open(roomId)
  }
  if (messageId !== undefined) await conversation.jump(messageId)
}
