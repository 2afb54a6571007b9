import { type Theme, themes } from '../store/preferences.ts'
import { type Language, languages } from '../words/languages.ts'
import { usePage, useWords } from './context.ts'
import { Modal } from './modal.tsx'

/** How this browser shows the page. */
export function Settings() {
  const { preferences } = usePage()
  const words = useWords()
  const { settings } = words
  const byName = (Object.keys(languages) as Language[]).map((each) => ({ value: each, text: languages[each], lang: each }))
  return (
    <Modal title={settings.title} kind="small">
      <Choice
        name="language"
        title={settings.language}
        options={[{ value: '', text: settings.languageOf }, ...byName]}
        chosen={preferences.chosen.value ?? ''}
        onChoose={(value) => {
          preferences.chosen.value = value === '' ? undefined : value
        }}
      />
      {preferences.given.value === undefined && (
        <Choice
          name="theme"
          title={settings.theme}
          options={themes.map((each) => ({ value: each, text: settings.themes[each] }))}
          chosen={preferences.theme.value}
          onChoose={(value: Theme) => {
            preferences.theme.value = value
          }}
        />
      )}
    </Modal>
  )
}

type ChoiceProps<Value extends string> = {
  name: string
  title: string
  options: readonly { value: Value; text: string; lang?: string }[]
  chosen: Value
  onChoose: (value: Value) => void
}

function Choice<Value extends string>({ name, title, options, chosen, onChoose }: ChoiceProps<Value>) {
  return (
    <fieldset class="choice">
      <legend>{title}</legend>
      {options.map(({ value, text, lang }) => (
        <label key={value} class="option">
          <input type="radio" name={name} checked={value === chosen} onChange={() => onChoose(value)} />
          <span lang={lang}>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
