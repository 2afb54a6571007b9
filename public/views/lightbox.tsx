import { useEffect, useLayoutEffect } from 'preact/hooks'
import { usePage, useWords } from './context.ts'
import { IconButton } from './icon.tsx'
import { Modal } from './modal.tsx'

/** The pictures of the open room, one at a time. */
export function Lightbox({ messageId }: { messageId: string }) {
  const { conversation, links, panels } = usePage()
  const words = useWords()
  const pictures = conversation.stored.value.filter(({ file }) => file?.isImage)
  const here = pictures.findIndex(({ id }) => id === messageId)
  const picture = pictures[here]
  const link = links.links.value.get(messageId) ?? conversation.state.value?.attachments.get(messageId)
  const go = (step: number) => {
    const id = pictures[here + step]?.id
    if (id) panels.dialog.value = { kind: 'lightbox', messageId: id }
  }
  useEffect(() => {
    if (!link) void links.renew(messageId)
  }, [messageId, link])
  // Before the next key: it is pressed for the picture that is seen.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'ArrowLeft') go(-1)
      if (event.key === 'ArrowRight') go(1)
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [messageId, pictures.length])
  return (
    <Modal title={picture?.file?.name ?? words.lightbox.title} kind="lightbox">
      <div class="stage">
        {here > 0 && <IconButton name="previous" label={words.lightbox.previous} class="previous" onClick={() => go(-1)} />}
        {link && picture && <img src={link} alt={picture.file?.name ?? ''} />}
        {here < pictures.length - 1 && <IconButton name="next" label={words.lightbox.next} class="next" onClick={() => go(1)} />}
      </div>
    </Modal>
  )
}
