import type { Page } from '../store/page.ts'
import { PageContext, useWords } from './context.ts'
import { Dialogs } from './dialogs.tsx'
import { RoomList } from './room-list.tsx'
import { RoomView } from './room-view.tsx'
import { useShortcuts } from './shortcuts.ts'
import { SidePanel } from './side-panel.tsx'
import { SignIn } from './sign-in.tsx'

export function App({ page }: { page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Main page={page} />
    </PageContext.Provider>
  )
}

function Main({ page }: { page: Page }) {
  const phase = page.session.phase.value
  if (phase === 'starting') return <div class="blank" />
  if (phase === 'signed_out') return page.client.signIn ? <SignIn /> : <SignedOut />
  return <Chat page={page} />
}

function Chat({ page }: { page: Page }) {
  useShortcuts(page)
  const { roomId } = page.places.place.value
  const isOneRoom = page.oneRoom.value
  const side = page.panels.side.value
  return (
    <div class={`chat ${roomId ? 'in-room' : 'in-list'} ${side ? 'with-side' : ''} ${isOneRoom ? 'one-room' : ''}`}>
      {!isOneRoom && <RoomList />}
      <RoomView key={roomId ?? ''} />
      {side && <SidePanel panel={side} />}
      <Dialogs />
      <Notice page={page} />
    </div>
  )
}

/** A host application signs in, and it has no token. */
function SignedOut() {
  const words = useWords()
  return (
    <main class="no-room">
      <p>{words.signIn.elsewhere}</p>
    </main>
  )
}

function Notice({ page }: { page: Page }) {
  const text = page.panels.notice.value
  return (
    <div class="notice" role="status">
      {text && <span>{text}</span>}
    </div>
  )
}
