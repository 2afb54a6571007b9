import { signal } from '@preact/signals'
import { ApiError, type ChatClient, pause, systemClock } from '../client/index.ts'
import { isShowable } from './file-kinds.ts'

/** A file on its way. The message exists only when the whole file is safe. */
export type Sending = {
  readonly clientId: string
  readonly roomId: string
  readonly file: File
  readonly text: string
  readonly replyTo: string | undefined
  readonly at: number
  /** Bytes that are gone. */
  readonly sent: number
  /** An address of the picture in memory. */
  readonly preview: string | undefined
  readonly failure: { code: string; message: string } | undefined
}
export type Uploads = ReturnType<typeof createUploads>
type NewUpload = { roomId: string; file: File; text: string; replyTo: string | undefined }

/** Seconds, for a refusal that does not say. */
const usualWait = 5

/** Files of all rooms that are being sent, in order; one at a time, so that their order is the order of choosing. Who sends too many is made to wait, and goes on by himself. */
export function createUploads(client: ChatClient, clock = systemClock) {
  const list = signal<readonly Sending[]>([])
  const aborters = new Map<string, AbortController>()
  let running: string | undefined

  const find = (clientId: string) => list.peek().find((sending) => sending.clientId === clientId)
  const change = (clientId: string, what: Partial<Sending>) => {
    list.value = list.peek().map((sending) => (sending.clientId === clientId ? { ...sending, ...what } : sending))
  }
  const remove = (clientId: string) => {
    const preview = find(clientId)?.preview
    list.value = list.peek().filter((sending) => sending.clientId !== clientId)
    if (preview) URL.revokeObjectURL(preview)
  }

  async function pump(): Promise<void> {
    const next = list.peek().find(({ failure }) => !failure)
    if (running !== undefined || !next) return
    running = next.clientId
    await send(next)
    running = undefined
    void pump()
  }

  async function send({ clientId, roomId, file, text, replyTo }: Sending): Promise<void> {
    const aborter = new AbortController()
    aborters.set(clientId, aborter)
    const onProgress = ({ sent }: { sent: number }) => change(clientId, { sent: Math.min(sent, file.size) })
    try {
      await client.api.sendFile({
        ...{ room: roomId, file, name: file.name, content: text, reply_to: replyTo ?? null, client_id: clientId },
        ...{ signal: aborter.signal, onProgress },
      })
      remove(clientId)
    } catch (cause) {
      const error = cause instanceof ApiError ? cause : undefined
      const isTooMany = error?.status === 429
      const failure = isTooMany ? undefined : { code: error?.code ?? 'network', message: error?.message ?? '' }
      change(clientId, { sent: 0, failure })
      if (isTooMany) await pause(clock, (error.retryAfter ?? usualWait) * 1_000)
    } finally {
      aborters.delete(clientId)
    }
  }

  client.on('frame', (frame) => {
    // The message is there before the upload's own answer: it takes the place at once.
    if (frame.type === 'chat_message' && frame.message.client_id && frame.message.sender?.id === client.me) remove(frame.message.client_id)
  })

  const cancel = (clientId: string) => {
    remove(clientId)
    aborters.get(clientId)?.abort()
  }

  return {
    list,
    add({ roomId, file, text, replyTo }: NewUpload): void {
      const preview = isShowable(file) ? URL.createObjectURL(file) : undefined
      const sending = { clientId: crypto.randomUUID(), roomId, file, text, replyTo, at: Date.now(), sent: 0, preview, failure: undefined }
      list.value = [...list.peek(), sending]
      void pump()
    },
    retry(clientId: string): void {
      change(clientId, { failure: undefined })
      void pump()
    },
    cancel,
    clear(): void {
      for (const { clientId } of list.peek()) cancel(clientId)
    },
  }
}
