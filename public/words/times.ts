import type { Words } from './words.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, options)
  formats.set(key, known)
  return known
}

/** As 14:05, in the reader's zone and by his language. */
export function clockTime({ locale }: Words, at: number): string {
  return format(locale, 'time', { hour: 'numeric', minute: '2-digit' }).format(at)
}

/** With everything, for whoever points at a time. */
export function fullTime({ locale }: Words, at: number): string {
  return format(locale, 'full', { dateStyle: 'full', timeStyle: 'medium' }).format(at)
}

/** Today, Yesterday, a weekday within six days, else the date. */
export function dayName(words: Words, at: number, now = Date.now()): string {
  const days = daysBetween(at, now)
  if (days === 0) return words.room.today
  if (days === 1) return words.room.yesterday
  if (days > 1 && days < 7) return format(words.locale, 'weekday', { weekday: 'long' }).format(at)
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  const options = { weekday: 'long', day: 'numeric', month: 'long', ...(sameYear ? {} : ({ year: 'numeric' } as const)) } as const
  return format(words.locale, sameYear ? 'day' : 'dayOfYear', options).format(at)
}

/** As short as a list needs it: the time today, a weekday this week, else the date. */
export function shortTime(words: Words, at: number, now = Date.now()): string {
  const days = daysBetween(at, now)
  if (days <= 0) return clockTime(words, at)
  if (days === 1) return words.room.yesterday
  if (days < 7) return format(words.locale, 'shortWeekday', { weekday: 'short' }).format(at)
  return format(words.locale, 'shortDate', { day: 'numeric', month: 'short' }).format(at)
}

function daysBetween(at: number, now: number): number {
  const start = (time: number) => new Date(time).setHours(0, 0, 0, 0)
  return Math.round((start(now) - start(at)) / 86_400_000)
}
