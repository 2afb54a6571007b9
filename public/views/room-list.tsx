import { roomFilters } from '../store/room-order.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Icon, IconButton } from './icon.tsx'
import { RoomRow } from './room-row.tsx'

export function RoomList() {
  const { rooms, panels, session, client } = usePage()
  const words = useWords()
  const show = (kind: 'new_chat' | 'help' | 'settings') => () => {
    panels.dialog.value = { kind }
  }
  const name = session.me.value?.username ?? ''
  const signOut = () => void session.signOut()
  return (
    <nav class="rooms" aria-label={words.list.title}>
      <header>
        <h1>{words.list.title}</h1>
        <IconButton
          name="search"
          label={words.list.searchMessages}
          pressed={panels.side.value === 'search'}
          onClick={() => panels.toggle('search')}
        />
        <IconButton name="write" label={words.list.newChat} onClick={show('new_chat')} />
      </header>
      <div class="find">
        <Icon name="search" size={16} />
        <input
          type="search"
          placeholder={words.list.search}
          aria-label={words.list.search}
          value={rooms.search.value}
          onInput={(event) => {
            rooms.search.value = event.currentTarget.value
          }}
        />
      </div>
      <Filters />
      <Rows />
      <footer>
        <Avatar name={name} size="small" />
        <span class="who" dir="auto" title={name}>
          {name}
        </span>
        <IconButton name="settings" label={words.settings.title} onClick={show('settings')} />
        <IconButton name="help" label={words.list.help} keys="?" onClick={show('help')} />
        {client.signIn && <IconButton name="leave" label={words.list.signOut} onClick={signOut} />}
      </footer>
    </nav>
  )
}

function Filters() {
  const { rooms } = usePage()
  const words = useWords()
  return (
    <fieldset class="filters" aria-label={words.list.filtersLabel}>
      {roomFilters.map((filter) => (
        <button
          key={filter}
          type="button"
          aria-pressed={rooms.filter.value === filter}
          onClick={() => {
            rooms.filter.value = filter
          }}
        >
          {words.list.filters[filter]}
        </button>
      ))}
    </fieldset>
  )
}

function Rows() {
  const { rooms } = usePage()
  const shown = rooms.shown.value
  if (shown.length === 0) return <Empty />
  return (
    <ul class="rows">
      {shown.map((room) => (
        <RoomRow key={room.id} room={room} />
      ))}
    </ul>
  )
}

function Empty() {
  const { rooms, panels } = usePage()
  const words = useWords()
  if (!rooms.loaded.value && rooms.failed.value)
    return (
      <div class="empty">
        <p>{words.list.failed}</p>
        <button type="button" class="plain" onClick={() => void rooms.load()}>
          {words.list.retry}
        </button>
      </div>
    )
  if (!rooms.loaded.value) return <Skeleton label={words.list.loading} />
  if (rooms.search.value.trim()) return <p class="empty">{words.list.emptySearch}</p>
  if (rooms.filter.value !== 'all') return <p class="empty">{words.list.emptyFilter}</p>
  return (
    <div class="empty">
      <p>{words.list.empty}</p>
      <button
        type="button"
        class="primary"
        onClick={() => {
          panels.dialog.value = { kind: 'new_chat' }
        }}
      >
        {words.list.newChat}
      </button>
    </div>
  )
}

function Skeleton({ label }: { label: string }) {
  return (
    <div class="rows skeleton" role="status" aria-label={label}>
      {[1, 2, 3, 4, 5].map((row) => (
        <div key={row} class="bone" />
      ))}
    </div>
  )
}
