import { usePage, useWords } from './context.ts'

/** Lies over the page, so that its coming and going moves nothing. */
export function ConnectionBar() {
  const { connection } = usePage()
  const words = useWords()
  const { lost, waiting, isFirst } = connection
  return (
    <div class="connection" role="status">
      {lost.value && (
        <p>
          <span class="spinner" aria-hidden="true" />
          {isFirst.value ? words.connection.first : words.connection.lost}
          {waiting.value > 0 && ` ${words.connection.waiting(waiting.value)}`}
        </p>
      )}
    </div>
  )
}
