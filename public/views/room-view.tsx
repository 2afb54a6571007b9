import type { JSX } from 'preact'
import { Avatar } from './avatar.tsx'
import { Composer } from './composer.tsx'
import { ConnectionBar } from './connection-bar.tsx'
import { usePage, useWords } from './context.ts'
import { Icon, IconButton } from './icon.tsx'
import { MessageList } from './message-list.tsx'
import { TypingLine } from './typing-line.tsx'
import { useDrop } from './use-drop.ts'

/** The middle of the page: one room, or the invitation to pick one. */
export function RoomView() {
  const { places } = usePage()
  const { roomId } = places.place.value
  return (
    <main class="room">
      {roomId ? <Room roomId={roomId} /> : <NoRoom />}
      <ConnectionBar />
    </main>
  )
}

function NoRoom() {
  const words = useWords()
  return (
    <div class="no-room">
      <Icon name="chat" size={40} />
      <p>{words.room.none}</p>
      <p class="hint">{words.room.noneHint}</p>
    </div>
  )
}

function Room({ roomId }: { roomId: string }) {
  const { conversation, rooms, connection } = usePage()
  const words = useWords()
  const drop = useDrop(roomId)
  const problem = conversation.problem.value
  const room = rooms.rooms.value.get(roomId)
  const isArchived = (conversation.state.value?.room.is_active ?? room?.is_active) === false
  // The bar of the lost connection says so already, for all rooms.
  const isSaid = problem === 'unreachable' && connection.lost.value
  if (problem === 'gone') return <Gone />
  return (
    <div class="conversation" {...drop.listeners}>
      <Header roomId={roomId} />
      {problem && !isSaid && (
        <p class="problem-line" role="status">
          {problem === 'unreachable' ? words.room.unreachable : words.room.messageGone}
        </p>
      )}
      <MessageList />
      <TypingLine roomId={roomId} />
      {isArchived ? <p class="archived-line">{words.room.archived}</p> : <Composer roomId={roomId} />}
      {drop.isOver && <div class="drop-frame">{words.composer.drop}</div>}
    </div>
  )
}

function Gone() {
  const { places } = usePage()
  const words = useWords()
  return (
    <div class="no-room">
      <Icon name="alert" size={40} />
      <p>{words.room.gone}</p>
      <button type="button" class="plain" onClick={() => places.go()}>
        {words.room.back}
      </button>
    </div>
  )
}

function Header({ roomId }: { roomId: string }): JSX.Element {
  const { rooms, panels, places, conversation, search } = usePage()
  const words = useWords()
  const room = rooms.rooms.value.get(roomId)
  const people = conversation.state.value?.members.size ?? room?.participant_count ?? 0
  const name = room?.display_name ?? conversation.state.value?.room.name ?? ''
  const find = () => {
    search.within(roomId)
    panels.side.value = panels.side.peek() === 'search' ? undefined : 'search'
  }
  return (
    <header class="room-header">
      <IconButton name="back" label={words.room.back} class="only-narrow" onClick={() => places.go()} />
      <Avatar name={name} {...(room && room.room_type !== 'direct' ? { kind: room.room_type } : {})} />
      <div class="titles">
        <h2 dir="auto" title={name}>
          {name}
        </h2>
        {room && room.room_type !== 'direct' && (
          <span class="sub">
            {words.list.types[room.room_type]} · {words.room.people(people)}
          </span>
        )}
      </div>
      <IconButton name="search" label={words.room.search} pressed={panels.side.value === 'search'} onClick={find} />
      <IconButton
        name="info"
        label={words.room.details}
        pressed={panels.side.value === 'details'}
        onClick={() => panels.toggle('details')}
      />
    </header>
  )
}
