import { folded } from './room-order.ts'

export type Emoji = { text: string; name: string; group: number; words: string }

const recentAtMost = 24
const keptAs = 'aristay-chat-emoji'

/** All emoji with their names in a language, from files of our own. Rejects when they cannot be had now. */
export async function loadEmoji(locale: string): Promise<Emoji[]> {
  const { default: rows } = await (locale === 'es' ? import('emoji:es') : locale === 'vi' ? import('emoji:vi') : import('emoji:en'))
  return rows.map(([text, name, group, tags]) => ({ text, name, group, words: folded(`${name} ${tags}`) }))
}

/** Each word of the text begins a word of the emoji's. */
export function findEmoji(all: readonly Emoji[], text: string): Emoji[] {
  const asked = folded(text.trim()).split(/\s+/)
  return all.filter(({ words }) => asked.every((word) => ` ${words}`.includes(` ${word}`)))
}

/** The last ones used, newest first. */
export function recentEmoji(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keptAs) ?? '[]')
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string').slice(0, recentAtMost) : []
  } catch {
    return []
  }
}

export function rememberEmoji(text: string): void {
  try {
    localStorage.setItem(keptAs, JSON.stringify([text, ...recentEmoji().filter((each) => each !== text)].slice(0, recentAtMost)))
  } catch {
    // A browser that keeps nothing has no recent ones.
  }
}
