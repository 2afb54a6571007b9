import { en } from './en.ts'
import type { Words } from './words.ts'

/** By the name that those who speak it give it. */
export const languages = { en: 'English', es: 'Español', vi: 'Tiếng Việt' } as const
export type Language = keyof typeof languages

const catalogues: Record<Language, () => Promise<Words>> = {
  en: async () => en,
  es: async () => (await import('./es.ts')).es,
  vi: async () => (await import('./vi.ts')).vi,
}

/** The texts of a language, fetched when they are wanted; the page's own are English. */
export const loadWords = (language: Language): Promise<Words> => catalogues[language]().catch(() => en)

export function isLanguage(text: unknown): text is Language {
  return typeof text === 'string' && Object.hasOwn(languages, text)
}

/** The first of the browser's languages that there is a catalogue for. */
export function browserLanguage(wanted: readonly string[] = navigator.languages): Language {
  return wanted.map((tag) => tag.toLowerCase().split('-')[0]).find(isLanguage) ?? 'en'
}
