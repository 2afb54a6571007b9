import { useRef, useState } from 'preact/hooks'
import type { Member } from '../client/index.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { Menu, MenuItem } from './menu.tsx'
import { textOf } from './text-of.ts'
import { useFound } from './use-found.ts'

/** Who is in a room; its admins take in, promote and remove. */
export function People({ roomId, isAdmin, isDirect }: { roomId: string; isAdmin: boolean; isDirect: boolean }) {
  const { conversation } = usePage()
  const words = useWords()
  const members = [...(conversation.state.value?.members.values() ?? [])]
  members.sort((one, other) => one.user.full_name.localeCompare(other.user.full_name))
  return (
    <section>
      <h3>
        {words.details.people} · {members.length}
      </h3>
      <ul class="people">
        {members.map((member) => (
          <Person key={member.id} member={member} canManage={isAdmin && !isDirect} />
        ))}
      </ul>
      {isAdmin && !isDirect && <AddPeople roomId={roomId} present={members} />}
    </section>
  )
}

function Person({ member, canManage }: { member: Member; canManage: boolean }) {
  const { session, client, panels } = usePage()
  const words = useWords()
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const { user, is_admin } = member
  const isMe = user.id === session.me.value?.id
  const attempt = (doing: Promise<unknown>) => doing.catch((cause: unknown) => panels.tell(textOf(cause) ?? words.details.failed))
  const remove = () => {
    const text = words.details.removeQuestion(user.full_name)
    panels.dialog.value = {
      kind: 'confirm',
      text,
      action: words.details.remove,
      run: () => attempt(client.api.removeParticipant(member.id)),
    }
  }
  return (
    <li class="person">
      <Avatar name={user.full_name} size="small" />
      <span class="name" dir="auto">
        {user.full_name}
      </span>
      {is_admin && <span class="tag">{words.details.admin}</span>}
      {canManage && !isMe && (
        <button
          ref={button}
          type="button"
          class="icon-button"
          aria-label={words.details.actionsFor(user.full_name)}
          aria-haspopup="menu"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="more" size={18} />
        </button>
      )}
      {isOpen && (
        <Menu label={words.details.actionsFor(user.full_name)} anchor={button} onClose={() => setOpen(false)}>
          <MenuItem
            icon="direct"
            text={is_admin ? words.details.dropAdmin : words.details.makeAdmin}
            run={() => void attempt(client.api.setAdmin(member.id, !is_admin))}
          />
          <MenuItem icon="close" text={words.details.remove} run={remove} danger />
        </Menu>
      )}
    </li>
  )
}

function AddPeople({ roomId, present }: { roomId: string; present: readonly Member[] }) {
  const { client, panels } = usePage()
  const words = useWords()
  const [text, setText] = useState('')
  const { found } = useFound('users', text)
  const others = text.trim() ? found.filter(({ id }) => !present.some(({ user }) => user.id === id)).slice(0, 6) : []
  const add = (id: number) => () => {
    const done = () => setText('')
    void client.api.addParticipant(roomId, id).then(done, (cause: unknown) => panels.tell(textOf(cause) ?? words.details.failed))
  }
  return (
    <div class="add-people">
      <input
        type="search"
        value={text}
        placeholder={words.details.add}
        aria-label={words.details.add}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <ul class="people">
        {others.map(({ id, name }) => (
          <li key={id}>
            <button type="button" class="entry" onClick={add(id)}>
              <Avatar name={name} size="small" />
              <span dir="auto">{name}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
