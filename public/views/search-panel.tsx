import type { FoundMessage } from '../../schemas/search.ts'
import { shortTime } from '../words/times.ts'
import { usePage, useWords } from './context.ts'
import { isNarrow } from './surface.ts'

export function SearchPanel() {
  const { search, places } = usePage()
  const words = useWords()
  const here = places.place.value.roomId
  return (
    <div class="search-panel">
      <input
        type="search"
        value={search.query.value}
        placeholder={words.search.label}
        aria-label={words.search.label}
        onInput={(event) => search.type(event.currentTarget.value)}
      />
      {here && (
        <fieldset class="filters" aria-label={words.search.where}>
          <button type="button" aria-pressed={search.roomId.value === undefined} onClick={() => search.within(undefined)}>
            {words.search.everywhere}
          </button>
          <button type="button" aria-pressed={search.roomId.value === here} onClick={() => search.within(here)}>
            {words.search.inRoom}
          </button>
        </fieldset>
      )}
      <Status />
      <ul class="hits">
        {search.hits.value.map((hit) => (
          <Hit key={hit.id} hit={hit} />
        ))}
      </ul>
      {search.hits.value.length < search.count.value && search.hits.value.length > 0 && (
        <button type="button" class="plain" onClick={() => void search.more()}>
          {words.search.more}
        </button>
      )}
    </div>
  )
}

function Status() {
  const { search } = usePage()
  const words = useWords()
  const { status, hits, count } = search
  const text = {
    idle: words.search.short,
    busy: words.search.busy,
    failed: words.search.failed,
    done: hits.value.length === 0 ? words.search.none : words.search.found(count.value),
  }[status.value]
  return (
    <p class="hint" role="status">
      {text}
    </p>
  )
}

function Hit({ hit }: { hit: FoundMessage }) {
  const { rooms, places, panels, root } = usePage()
  const words = useWords()
  const open = () => {
    if (isNarrow(root)) panels.side.value = undefined
    places.go(hit.room_id, hit.id)
  }
  return (
    <li>
      <button type="button" class="hit" onClick={open}>
        <b dir="auto">{hit.sender?.full_name ?? words.message.formerUser}</b>
        <time>{shortTime(words, Date.parse(hit.created_at))}</time>
        <span class="where" dir="auto">
          {rooms.rooms.value.get(hit.room_id)?.display_name}
        </span>
        <span class="snippet" dir="auto">
          {marked(hit)}
        </span>
      </button>
    </li>
  )
}

/** Characters before the first hit. */
const lead = 40

/** The text around what matched, with every match marked. */
function marked({ content, highlights }: FoundMessage) {
  const start = Math.max(0, (highlights[0]?.[0] ?? 0) - lead)
  const parts = [start > 0 ? '…' : '']
  let end = start
  const nodes = highlights.flatMap(([from, to]) => {
    const before = content.slice(end, from)
    end = to
    return [before, <mark key={from}>{content.slice(from, to)}</mark>]
  })
  return [...parts, ...nodes, content.slice(end, start + 300)]
}
