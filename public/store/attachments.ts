import { signal } from '@preact/signals'
import { type FileFault, faultOf } from './file-kinds.ts'

export type Chosen = { key: string; file: File }
export type Refused = { name: string; fault: FileFault }

/** Files chosen for the next message, by room; what cannot be sent is told at once. */
export function createAttachments() {
  const chosen = signal<ReadonlyMap<string, readonly Chosen[]>>(new Map())
  const refused = signal<readonly Refused[]>([])
  const set = (roomId: string, files: readonly Chosen[]) => {
    chosen.value = new Map(chosen.peek()).set(roomId, files)
  }
  return {
    chosen,
    refused,
    add(roomId: string, files: readonly File[]): void {
      const judged = files.map((file) => ({ file, fault: faultOf(file) }))
      refused.value = judged.flatMap(({ file, fault }) => (fault ? [{ name: file.name, fault }] : []))
      const good = judged.filter(({ fault }) => !fault).map(({ file }) => ({ key: crypto.randomUUID(), file }))
      set(roomId, [...(chosen.peek().get(roomId) ?? []), ...good])
    },
    remove(roomId: string, key: string): void {
      set(
        roomId,
        (chosen.peek().get(roomId) ?? []).filter((each) => each.key !== key),
      )
    },
    take(roomId: string): File[] {
      const files = (chosen.peek().get(roomId) ?? []).map(({ file }) => file)
      set(roomId, [])
      refused.value = []
      return files
    },
    clear(): void {
      chosen.value = new Map()
      refused.value = []
    },
  }
}
