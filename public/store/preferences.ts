import { computed, effect, signal } from '@preact/signals'
import { browserLanguage, isLanguage, type Language } from '../words/languages.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export type Preferences = ReturnType<typeof createPreferences>

const key = 'aristay-chat-preferences'

/** How this browser shows the page. What was never chosen follows the browser and the device. */
export function createPreferences() {
  const kept = read()
  const chosen = signal<Language | undefined>(isLanguage(kept.language) ? kept.language : undefined)
  const theme = signal<Theme>(themes.find((each) => each === kept.theme) ?? 'system')
  /** What a page around this one has decided. */
  const given = signal<Theme | undefined>(undefined)
  effect(() => write({ language: chosen.value, theme: theme.value }))
  const shown = computed(() => given.value ?? theme.value)
  return { chosen, theme, given, shown, language: computed(() => chosen.value ?? browserLanguage()) }
}

function read(): { language?: unknown; theme?: unknown } {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return typeof kept === 'object' && kept !== null ? kept : {}
  } catch {
    return {}
  }
}

function write(preferences: object): void {
  try {
    localStorage.setItem(key, JSON.stringify(preferences))
  } catch {
    // A browser that keeps nothing: they hold until the page is left.
  }
}
