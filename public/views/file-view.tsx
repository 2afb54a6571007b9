import { useEffect, useState } from 'preact/hooks'
import type { Shown, ShownFile } from '../store/shown.ts'
import { usePage, useWords } from './context.ts'
import { Icon, IconButton } from './icon.tsx'

type Props = { message: Shown; file: ShownFile }

/** A file in a bubble: a picture with its space kept, or a name and a size. */
export function FileView({ message, file }: Props) {
  return (
    <div class="file">
      {file.isImage ? <Picture message={message} file={file} /> : <Document message={message} file={file} />}
      {file.upload && !file.upload.failure && <UploadBar file={file} clientId={file.upload.clientId} />}
    </div>
  )
}

function useLink({ message, file }: Props) {
  const { links, conversation } = usePage()
  const [tries, setTries] = useState(0)
  const id = message.id
  const link =
    file.upload?.preview ?? (id === undefined ? undefined : (links.links.value.get(id) ?? conversation.state.value?.attachments.get(id)))
  useEffect(() => {
    if (link === undefined && id !== undefined) void links.renew(id)
  }, [link, id])
  /** The link has expired: another is asked for, once. */
  const renew = () => {
    if (tries > 0 || id === undefined) return
    setTries(1)
    void links.renew(id)
  }
  return { link, renew }
}

function Picture({ message, file }: Props) {
  const { panels } = usePage()
  const words = useWords()
  const { link, renew } = useLink({ message, file })
  const open = () => {
    if (message.id) panels.dialog.value = { kind: 'lightbox', messageId: message.id }
  }
  return (
    <button type="button" class="picture" aria-label={words.message.openPhoto(file.name)} onClick={open} disabled={!message.id}>
      {link && <img src={link} alt={file.name} decoding="async" onError={renew} draggable={false} />}
    </button>
  )
}

function Document({ message, file }: Props) {
  const { links, panels } = usePage()
  const words = useWords()
  const open = async (event: MouseEvent) => {
    event.preventDefault()
    if (!message.id) return
    // Opened at once, while the browser still takes it for the user's wish; the fresh link follows.
    const tab = window.open('', '_blank')
    const link = await links.renew(message.id)
    if (tab && link) {
      tab.opener = null
      tab.location.href = link
    } else {
      tab?.close()
      panels.tell(words.message.fileGone)
    }
  }
  return (
    <button type="button" class="document" aria-label={words.message.openFile(file.name)} disabled={!message.id} onClick={open}>
      <span class="sheet">
        <Icon name="file" size={22} />
      </span>
      <span class="file-name" dir="auto">
        {file.name}
      </span>
      <span class="file-size">{words.size(file.size)}</span>
    </button>
  )
}

function UploadBar({ file, clientId }: { file: ShownFile; clientId: string }) {
  const { uploads } = usePage()
  const words = useWords()
  const sent = file.upload?.sent ?? 0
  return (
    <div class="upload">
      <progress max={Math.max(1, file.size)} value={sent} aria-label={file.name} />
      <span>{words.message.progress(words.size(sent), words.size(file.size))}</span>
      <IconButton name="close" label={words.message.cancel} onClick={() => uploads.cancel(clientId)} />
    </div>
  )
}
