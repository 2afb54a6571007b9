import { useEffect, useState } from 'preact/hooks'
import type { Message } from '../../schemas/messages.ts'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { People } from './people.tsx'
import { textOf } from './text-of.ts'

/** What a room is, who is in it, and what one can do about it. */
export function Details({ roomId }: { roomId: string }) {
  const { conversation, rooms, session, client, panels, places } = usePage()
  const words = useWords()
  const state = conversation.state.value
  const room = rooms.rooms.value.get(roomId)
  const mine = state?.members.get(session.me.value?.id ?? -1)
  if (!state || !room) return null
  const attempt = (doing: Promise<unknown>) => doing.catch((cause: unknown) => panels.tell(textOf(cause) ?? words.details.failed))
  const ask = (text: string, action: string, run: () => Promise<unknown>) => () => {
    panels.dialog.value = { kind: 'confirm', text, action, run: () => attempt(run()) }
  }
  const isAdmin = mine?.is_admin === true
  const leave = () =>
    client.api.leaveRoom(roomId).then(() => {
      places.go()
    })
  return (
    <div class="details">
      {isAdmin && room.room_type !== 'direct' && <Rename roomId={roomId} name={state.room.name} />}
      <People roomId={roomId} isAdmin={isAdmin} isDirect={room.room_type === 'direct'} />
      {mine && <Mute roomId={roomId} participantId={mine.id} isMuted={room.is_muted} />}
      <Files roomId={roomId} />
      <section class="acts">
        {isAdmin && state.room.is_active && (
          <button
            type="button"
            class="plain"
            onClick={ask(words.details.archiveQuestion, words.details.archive, () => client.api.archiveRoom(roomId).then(rooms.load))}
          >
            <Icon name="archive" size={18} />
            {words.details.archive}
          </button>
        )}
        {isAdmin && !state.room.is_active && (
          <button type="button" class="plain" onClick={() => void attempt(client.api.unarchiveRoom(roomId).then(rooms.load))}>
            <Icon name="archive" size={18} />
            {words.details.restore}
          </button>
        )}
        <button type="button" class="plain danger" onClick={ask(words.details.leaveQuestion, words.details.leave, leave)}>
          <Icon name="leave" size={18} />
          {words.details.leave}
        </button>
      </section>
    </div>
  )
}

function Rename({ roomId, name }: { roomId: string; name: string }) {
  const { client, panels, rooms } = usePage()
  const words = useWords()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const next = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim()
    if (next === name) return
    void client.api.renameRoom(roomId, next).then(rooms.load, (cause: unknown) => panels.tell(textOf(cause) ?? words.details.failed))
  }
  return (
    <form class="rename" onSubmit={submit}>
      <input name="name" defaultValue={name} maxLength={255} aria-label={words.details.name} placeholder={words.details.name} dir="auto" />
      <button type="submit" class="plain">
        {words.details.save}
      </button>
    </form>
  )
}

function Mute({ roomId, participantId, isMuted }: { roomId: string; participantId: number; isMuted: boolean }) {
  const { client, rooms, panels } = usePage()
  const words = useWords()
  const set = (muted: boolean, until?: Date) => () => {
    const done = () => rooms.update(roomId, { is_muted: muted })
    void client.api.mute(participantId, muted, until?.toISOString()).then(done, () => panels.tell(words.details.failed))
  }
  const tomorrow = new Date(new Date().setHours(32, 0, 0, 0))
  return (
    <section>
      <h3>{words.details.notifications}</h3>
      {isMuted ? (
        <div class="choices">
          <span>{words.details.isMuted}</span>
          <button type="button" class="plain" onClick={set(false)}>
            {words.details.unmute}
          </button>
        </div>
      ) : (
        <fieldset class="choices" aria-label={words.details.mute}>
          <Icon name="muted" size={18} />
          <button type="button" class="plain" onClick={set(true, new Date(Date.now() + 3_600_000))}>
            {words.details.muteFor.hour}
          </button>
          <button type="button" class="plain" onClick={set(true, tomorrow)}>
            {words.details.muteFor.tomorrow}
          </button>
          <button type="button" class="plain" onClick={set(true)}>
            {words.details.muteFor.forever}
          </button>
        </fieldset>
      )}
    </section>
  )
}

function Files({ roomId }: { roomId: string }) {
  const { client, conversation } = usePage()
  const words = useWords()
  const [files, setFiles] = useState<Message[]>([])
  useEffect(() => {
    const list = (message_type: string) => client.api.listMessages({ room: roomId, message_type, page_size: 30 })
    void Promise.all([list('image'), list('file')]).then(
      (pages) => setFiles(pages.flatMap(({ results }) => results).sort((one, other) => other.seq - one.seq)),
      () => undefined,
    )
  }, [roomId])
  return (
    <section>
      <h3>{words.details.files}</h3>
      {files.length === 0 && <p class="hint">{words.details.noFiles}</p>}
      <ul class="shared">
        {files.map(({ id, attachment_name, attachment_size, message_type }) => (
          <li key={id}>
            <button type="button" class="entry" onClick={() => void conversation.jump(id)}>
              <Icon name={message_type === 'image' ? 'camera' : 'file'} size={18} />
              <span class="file-name" dir="auto">
                {attachment_name}
              </span>
              <span class="file-size">{words.size(attachment_size ?? 0)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
