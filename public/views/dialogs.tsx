import { readersOf } from '../client/index.ts'
import type { Dialog as Which } from '../store/panels.ts'
import type { Shown } from '../store/shown.ts'
import { Avatar } from './avatar.tsx'
import { usePage, useWords } from './context.ts'
import { Lightbox } from './lightbox.tsx'
import { Modal } from './modal.tsx'
import { NewChat } from './new-chat.tsx'
import { Settings } from './settings.tsx'
import { Switcher } from './switcher.tsx'

export function Dialogs() {
  const dialog = usePage().panels.dialog.value
  switch (dialog?.kind) {
    case 'new_chat':
      return <NewChat />
    case 'switcher':
      return <Switcher />
    case 'help':
      return <Help />
    case 'settings':
      return <Settings />
    case 'confirm':
      return <Confirm {...dialog} />
    case 'receipts':
      return <ReceiptsOf message={dialog.message} />
    case 'lightbox':
      return <Lightbox messageId={dialog.messageId} />
    default:
      return null
  }
}

function Help() {
  const words = useWords()
  return (
    <Modal title={words.help.title}>
      <dl class="keys">
        {words.help.rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}

function Confirm({ text, action, run }: Extract<Which, { kind: 'confirm' }>) {
  const { panels } = usePage()
  const words = useWords()
  const close = () => {
    panels.dialog.value = undefined
  }
  const confirm = () => {
    close()
    void run()?.catch(() => panels.tell(words.details.failed))
  }
  return (
    <Modal title={action} kind="small">
      <p dir="auto">{text}</p>
      <div class="buttons">
        <button type="button" class="plain" onClick={close}>
          {words.confirm.cancel}
        </button>
        <button type="button" class="primary danger" onClick={confirm}>
          {action}
        </button>
      </div>
    </Modal>
  )
}

function ReceiptsOf({ message }: { message: Shown }) {
  const { conversation, session } = usePage()
  const words = useWords()
  const state = conversation.state.value
  if (!state || message.seq === undefined) return null
  const readers = new Set(readersOf(state, { seq: message.seq, sender: null }))
  const others = [...state.members.values()].filter(({ user }) => user.id !== session.me.value?.id)
  return (
    <Modal title={words.receipts.title} kind="small">
      <Readers title={words.receipts.read} people={others.filter(({ user }) => readers.has(user.id))} />
      <Readers title={words.receipts.unread} people={others.filter(({ user }) => !readers.has(user.id))} />
    </Modal>
  )
}

function Readers({ title, people }: { title: string; people: { user: { id: number; full_name: string } }[] }) {
  const words = useWords()
  return (
    <section>
      <h3>
        {title} · {people.length}
      </h3>
      {people.length === 0 && <p class="hint">{words.receipts.nobody}</p>}
      <ul class="people">
        {people.map(({ user }) => (
          <li key={user.id} class="person">
            <Avatar name={user.full_name} size="small" />
            <span dir="auto">{user.full_name}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
