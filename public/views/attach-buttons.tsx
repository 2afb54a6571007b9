import { useRef } from 'preact/hooks'
import { accept } from '../store/file-kinds.ts'
import { usePage, useWords } from './context.ts'
import { IconButton } from './icon.tsx'
import { focusComposer, isTouch } from './shortcuts.ts'

/** Pictures as a camera is asked for them: what else it can make would be refused. */
const photos = 'image/jpeg,image/png,image/gif'

/** Files by choice; on a phone its camera, too. */
export function AttachButtons({ roomId }: { roomId: string }) {
  const words = useWords()
  return (
    <>
      <FileButton roomId={roomId} icon="attach" label={words.composer.attach} accept={accept} multiple />
      {isTouch() && <FileButton roomId={roomId} icon="camera" label={words.composer.camera} accept={photos} capture="environment" />}
    </>
  )
}

type Props = { roomId: string; icon: 'attach' | 'camera'; label: string; accept: string; multiple?: boolean; capture?: 'environment' }

function FileButton({ roomId, icon, label, ...chooser }: Props) {
  const { attachments } = usePage()
  const input = useRef<HTMLInputElement>(null)
  const choose = () => {
    attachments.add(roomId, [...(input.current?.files ?? [])])
    // The same file may be chosen again.
    if (input.current) input.current.value = ''
    focusComposer()
  }
  return (
    <>
      <IconButton name={icon} label={label} onClick={() => input.current?.click()} />
      <input ref={input} type="file" {...chooser} hidden onChange={choose} tabIndex={-1} aria-hidden="true" />
    </>
  )
}
