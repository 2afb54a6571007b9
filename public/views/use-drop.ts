import { useState } from 'preact/hooks'
import { usePage } from './context.ts'

/** Files that are dragged over the conversation. */
export function useDrop(roomId: string) {
  const { attachments } = usePage()
  const [depth, setDepth] = useState(0)
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  const listeners = {
    onDragEnter: (event: DragEvent) => hasFiles(event) && setDepth((now) => now + 1),
    onDragLeave: (event: DragEvent) => hasFiles(event) && setDepth((now) => Math.max(0, now - 1)),
    onDragOver: (event: DragEvent) => hasFiles(event) && event.preventDefault(),
    onDrop: (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setDepth(0)
      attachments.add(roomId, [...(event.dataTransfer?.files ?? [])])
    },
  }
  return { isOver: depth > 0, listeners }
}
