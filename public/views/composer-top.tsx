import { isShowable } from '../store/file-kinds.ts'
import type { Editing } from '../store/panels.ts'
import { usePage, useWords } from './context.ts'
import { Icon, IconButton } from './icon.tsx'

/** What the text is about: a message that it answers or changes. */
export function ComposerTop({ editing, cancel }: { editing: Editing | undefined; cancel: () => boolean }) {
  const { panels } = usePage()
  const words = useWords()
  const about = editing?.message ?? panels.replyTo.value
  if (!about) return null
  const title = editing ? words.composer.editing : words.composer.replying(about.mine ? words.message.you : about.senderName)
  return (
    <div class="about">
      <Icon name={editing ? 'edit' : 'reply'} size={18} />
      <div>
        <b dir="auto">{title}</b>
        <span dir="auto">{about.text || about.file?.name}</span>
        {editing?.hasFailed && (
          <span class="problem" role="alert">
            {words.composer.notSaved}
          </span>
        )}
      </div>
      <IconButton name="close" label={words.composer.cancel} keys="Esc" onClick={() => void cancel()} />
    </div>
  )
}

/** Files that go with the next message, and those that cannot. */
export function FileTray({ roomId }: { roomId: string }) {
  const { attachments } = usePage()
  const words = useWords()
  const chosen = attachments.chosen.value.get(roomId) ?? []
  const refused = attachments.refused.value
  if (chosen.length === 0 && refused.length === 0) return null
  return (
    <div class="tray">
      {refused.map(({ name, fault }) => (
        <p key={name} class="problem" role="alert" dir="auto">
          {words.composer.faults[fault](name)}
        </p>
      ))}
      <ul>
        {chosen.map(({ key, file }) => (
          <li key={key} class="chip">
            <Icon name={isShowable(file) ? 'camera' : 'file'} size={18} />
            <span class="file-name" dir="auto">
              {file.name}
            </span>
            <span class="file-size">{words.size(file.size)}</span>
            <IconButton name="close" label={words.composer.remove(file.name)} onClick={() => attachments.remove(roomId, key)} />
          </li>
        ))}
      </ul>
    </div>
  )
}
