import { useState } from 'preact/hooks'
import type { RoomType } from '../../schemas/rooms.ts'
import type { NewRoom } from '../client/index.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { Modal } from './modal.tsx'
import { textOf } from './text-of.ts'
import { type Found, useFound } from './use-found.ts'

const kinds = ['direct', 'group', 'task', 'property'] as const

/** A chat with a person at once; others have members, and a name, a task or a property. */
export function NewChat() {
  const { client, places, panels, rooms } = usePage()
  const words = useWords()
  const [kind, setKind] = useState<RoomType>('direct')
  const [name, setName] = useState('')
  const [about, setAbout] = useState<Found>()
  const [members, setMembers] = useState<Found[]>([])
  const [problem, setProblem] = useState<string>()
  const isReady = kind === 'direct' ? false : kind === 'group' ? members.length > 0 : about !== undefined

  async function create(room: NewRoom) {
    try {
      const { id } = await client.api.createRoom(room)
      await rooms.load()
      panels.dialog.value = undefined
      places.go(id)
    } catch (cause) {
      setProblem(textOf(cause) ?? words.newChat.failed)
    }
  }
  const pick = (person: Found) => {
    if (kind === 'direct') return void create({ room_type: 'direct', participant_ids: [person.id] })
    setMembers(members.some(({ id }) => id === person.id) ? members.filter(({ id }) => id !== person.id) : [...members, person])
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!isReady) return
    const subject = kind === 'task' && about ? { task: about.id } : kind === 'property' && about ? { property: about.id } : {}
    void create({ room_type: kind, name: name.trim(), participant_ids: members.map(({ id }) => id), ...subject })
  }
  const pickAbout = (found: Found) => setAbout(found.id === about?.id ? undefined : found)
  const choose = (next: RoomType) => () => {
    setKind(next)
    setAbout(undefined)
  }
  return (
    <Modal title={words.newChat.title} kind="new-chat">
      <form onSubmit={submit}>
        <fieldset class="filters" aria-label={words.newChat.kind}>
          {kinds.map((each) => (
            <button key={each} type="button" aria-pressed={kind === each} onClick={choose(each)}>
              <Icon name={each} size={16} />
              {words.newChat.kinds[each]}
            </button>
          ))}
        </fieldset>
        {kind === 'group' && (
          <input
            value={name}
            maxLength={255}
            dir="auto"
            placeholder={words.newChat.groupName}
            aria-label={words.newChat.groupName}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
        {kind === 'task' && (
          <Finder key="task" what="tasks" label={words.newChat.findTask} chosen={about ? [about] : []} onPick={pickAbout} />
        )}
        {kind === 'property' && (
          <Finder key="property" what="properties" label={words.newChat.findProperty} chosen={about ? [about] : []} onPick={pickAbout} />
        )}
        <Finder key="people" what="users" label={words.newChat.findPerson} chosen={kind === 'direct' ? [] : members} onPick={pick} />
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {kind !== 'direct' && (
          <div class="buttons">
            <button type="submit" class="primary" disabled={!isReady}>
              {words.newChat.create}
            </button>
          </div>
        )}
      </form>
    </Modal>
  )
}

type FinderProps = { what: 'users' | 'tasks' | 'properties'; label: string; chosen: readonly Found[]; onPick: (found: Found) => void }

function Finder({ what, label, chosen, onPick }: FinderProps) {
  const words = useWords()
  const [text, setText] = useState('')
  const { found, isThere } = useFound(what, text)
  const icon = what === 'tasks' ? 'task' : 'property'
  return (
    <div class="finder">
      <input type="search" value={text} placeholder={label} aria-label={label} onInput={(event) => setText(event.currentTarget.value)} />
      {chosen.length > 0 && (
        <ul class="chosen">
          {chosen.map((each) => (
            <li key={each.id}>
              <button type="button" class="chip" aria-label={words.newChat.picked(each.name)} onClick={() => onPick(each)}>
                <span dir="auto">{each.name}</span>
                <Icon name="close" size={16} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <ul class="people">
        {found.map((each) => (
          <li key={each.id}>
            <button type="button" class="entry" aria-pressed={chosen.some(({ id }) => id === each.id)} onClick={() => onPick(each)}>
              {what === 'users' ? <Avatar name={each.name} size="small" /> : <Avatar name={each.name} kind={icon} size="small" />}
              <span class="file-name" dir="auto">
                {each.name}
              </span>
              {chosen.some(({ id }) => id === each.id) && <Icon name="sent" size={18} />}
            </button>
          </li>
        ))}
      </ul>
      {isThere && found.length === 0 && <p class="hint">{what === 'users' ? words.newChat.nobody : words.newChat.nothing}</p>}
    </div>
  )
}
