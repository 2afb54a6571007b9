import { usePage, useWords } from './context.ts'

export function TypingLine({ roomId }: { roomId: string }) {
  const { typing, conversation } = usePage()
  const words = useWords()
  const members = conversation.state.value?.members
  const typists = typing.rooms.value.get(roomId) ?? []
  const names = typists.map(({ user_id, username }) => members?.get(user_id)?.user.full_name ?? username)
  return (
    <div class="typing-line" dir="auto">
      {names.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {words.typing(names)}
        </>
      )}
    </div>
  )
}
