type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

/** The reader's own variety of a language, as `en-GB`: it decides how dates and numbers look. */
export function localeFor(language: string): string {
  const wanted = globalThis.navigator?.languages ?? []
  return wanted.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language
}

export function numbers(locale: string): (number: number) => string {
  const format = new Intl.NumberFormat(locale)
  return (number) => format.format(number)
}

/** A number with its noun, in the form that the language asks for. */
export function counter(locale: string): (number: number, forms: Forms) => string {
  const plural = new Intl.PluralRules(locale)
  const shown = numbers(locale)
  return (number, forms) => `${shown(number)} ${forms[plural.select(number)] ?? forms.other}`
}

/** In kilobytes or megabytes, never as nothing. */
export function fileSize(locale: string, bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(0.1, bytes / 1_000), 'kilobyte'] : [bytes / 1_000_000, 'megabyte']
  const digits = value < 10 ? 1 : 0
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits }).format(value)
}
