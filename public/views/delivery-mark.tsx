import { readersOf } from '../client/index.ts'
import type { Shown } from '../store/shown.ts'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'

/** Waiting, sent or read; in a group by how many. Every mark takes the same room. */
export function DeliveryMark({ message }: { message: Shown }) {
  const { conversation, panels, session } = usePage()
  const words = useWords()
  const { delivery, seq } = message
  const state = conversation.state.value
  if (delivery !== 'sent' || seq === undefined || !state) {
    const name = delivery === 'failed' ? 'alert' : delivery === 'sent' ? 'sent' : 'clock'
    return <Mark name={name} label={words.message.delivery[delivery]} state={delivery} />
  }
  const me = session.me.value?.id
  const others = [...state.members.keys()].filter((id) => id !== me)
  const readers = readersOf(state, { seq, sender: me === undefined ? null : { id: me, username: '', full_name: '' } })
  const read = readers.filter((id) => state.members.has(id) && id !== me).length
  const isRead = read > 0 && read >= others.length
  if (others.length < 2)
    return (
      <Mark
        name={isRead ? 'read' : 'sent'}
        label={isRead ? words.message.read : words.message.delivery.sent}
        state={isRead ? 'read' : 'sent'}
      />
    )
  const label = words.message.readBy(read, others.length)
  const show = () => {
    panels.dialog.value = { kind: 'receipts', message }
  }
  return (
    <button
      type="button"
      class={`mark ${isRead ? 'read' : 'sent'}`}
      data-state={isRead ? 'read' : 'sent'}
      aria-label={label}
      title={label}
      onClick={show}
    >
      <Icon name={read > 0 ? 'read' : 'sent'} size={16} />
    </button>
  )
}

function Mark({ name, label, state }: { name: 'alert' | 'sent' | 'clock' | 'read'; label: string; state: string }) {
  return (
    <span class={`mark ${state}`} data-state={state} role="img" aria-label={label} title={label}>
      <Icon name={name} size={16} />
    </span>
  )
}
