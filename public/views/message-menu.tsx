import { useRef, useState } from 'preact/hooks'
import type { Shown } from '../store/shown.ts'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { Menu, MenuItem } from './menu.tsx'
import { focusComposer } from './shortcuts.ts'

type Props = {
  message: Shown
  id: string
  /** The pointer or the focus is in the message: only then its buttons are seen, and need their pictures. */
  isNear: boolean
}

/** What can be done with a stored message. */
export function MessageMenu({ message, id, isNear }: Props) {
  const { panels, client, places, conversation } = usePage()
  const words = useWords()
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const roomId = conversation.roomId.value ?? ''
  const reply = () => {
    panels.reply(roomId, message)
    focusComposer()
  }
  const edit = () => panels.edit(roomId, message)
  const copy = (text: string) => () => {
    void navigator.clipboard?.writeText(text).then(() => panels.tell(words.message.copied))
  }
  const markUnread = () => void conversation.markUnread(id).catch(() => panels.tell(words.details.failed))
  const remove = () => {
    const run = () => client.api.deleteMessage(id)
    panels.dialog.value = { kind: 'confirm', text: words.message.removeQuestion, action: words.message.remove, run }
  }
  return (
    <span class={`actions ${isOpen ? 'is-open' : ''}`}>
      <button type="button" class="action" aria-label={words.message.reply} title={words.message.reply} onClick={reply}>
        {isNear && <Icon name="reply" size={16} />}
      </button>
      <button
        ref={button}
        type="button"
        class="action"
        aria-label={words.message.actions}
        title={words.message.actions}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {isNear && <Icon name="more" size={16} />}
      </button>
      {isOpen && (
        <Menu label={words.message.actions} anchor={button} onClose={() => setOpen(false)}>
          <MenuItem icon="reply" text={words.message.reply} run={reply} />
          {message.text && <MenuItem icon="file" text={words.message.copy} run={copy(message.text)} />}
          <MenuItem icon="info" text={words.message.copyLink} run={copy(places.linkTo(roomId, id))} />
          {!message.mine && <MenuItem icon="unread" text={words.message.markUnread} run={markUnread} />}
          {message.mine && message.text && <MenuItem icon="edit" text={words.message.edit} run={edit} />}
          {message.mine && <MenuItem icon="close" text={words.message.remove} run={remove} danger />}
        </Menu>
      )}
    </span>
  )
}
