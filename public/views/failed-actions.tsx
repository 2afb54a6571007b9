import type { Shown } from '../store/shown.ts'
import { usePage, useWords } from './context.ts'

/** What can be done with a message that did not go out. Its text is never lost. */
export function FailedActions({ message }: { message: Shown }) {
  const { client, uploads, panels, conversation } = usePage()
  const words = useWords()
  const id = message.clientId ?? ''
  const upload = message.file?.upload
  const retry = () => (upload ? uploads.retry(id) : client.outbox.retry(id))
  const discard = () => (upload ? uploads.cancel(id) : client.outbox.discard(id))
  const edit = () => panels.edit(conversation.roomId.peek() ?? '', message)
  const { code = '', message: said = '' } = message.failure ?? {}
  return (
    <div class="failed-line" role="alert">
      <span>{words.message.failures[code] ?? (said ? `${words.message.failed} ${said}` : words.message.failed)}</span>
      <button type="button" onClick={retry}>
        {words.message.retry}
      </button>
      {!upload && (
        <button type="button" onClick={edit}>
          {words.message.edit}
        </button>
      )}
      <button type="button" onClick={discard}>
        {words.message.discard}
      </button>
    </div>
  )
}
