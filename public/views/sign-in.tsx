import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../client/index.ts'
import { type Language, languages } from '../words/languages.ts'
import type { Words } from '../words/words.ts'
import { usePage, useWords } from './context.ts'
import { Icon } from './icon.tsx'
import { isTouch } from './shortcuts.ts'

export function SignIn() {
  const { session } = usePage()
  const words = useWords()
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (!isTouch()) form.current?.querySelector('input')?.focus()
  }, [])

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const [username, password] = [String(fields.get('username')).trim(), String(fields.get('password'))]
    if (!username || !password) return setProblem(words.signIn.missing)
    setBusy(true)
    setProblem(undefined)
    await session.signIn(username, password).catch((cause: unknown) => setProblem(problemOf(words, cause)))
    setBusy(false)
  }

  return (
    <main class="sign-in">
      <form ref={form} onSubmit={submit} noValidate>
        <span class="mark">
          <Icon name="chat" size={28} />
        </span>
        <h1>{words.appName}</h1>
        <p class="lead">{words.signIn.lead}</p>
        <label>
          {words.signIn.username}
          <input name="username" autoComplete="username" autoCapitalize="none" spellcheck={false} aria-invalid={Boolean(problem)} />
        </label>
        <Password isWrong={Boolean(problem)} />
        <p class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? words.signIn.busy : words.signIn.submit}
        </button>
      </form>
      <Languages />
    </main>
  )
}

/** For whoever cannot read the one that is shown. */
function Languages() {
  const { preferences } = usePage()
  return (
    <div class="languages">
      {(Object.keys(languages) as Language[]).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={preferences.language.value === language}
          onClick={() => {
            preferences.chosen.value = language
          }}
        >
          {languages[language]}
        </button>
      ))}
    </div>
  )
}

function Password({ isWrong }: { isWrong: boolean }) {
  const words = useWords()
  const [isShown, setShown] = useState(false)
  return (
    <div class="password">
      <label>
        {words.signIn.password}
        <input
          name="password"
          {...({ type: isShown ? 'text' : 'password' } as { type: 'text' })}
          autoComplete="current-password"
          aria-invalid={isWrong}
        />
      </label>
      <button
        type="button"
        class="icon-button"
        aria-label={isShown ? words.signIn.hide : words.signIn.show}
        onClick={() => setShown(!isShown)}
      >
        <Icon name={isShown ? 'hide' : 'show'} />
      </button>
    </div>
  )
}

function problemOf(words: Words, cause: unknown): string {
  if (!(cause instanceof ApiError) || cause.status === 0 || cause.status >= 500) return words.signIn.unreachable
  return cause.status === 429 ? words.signIn.tooMany : words.signIn.wrong
}
