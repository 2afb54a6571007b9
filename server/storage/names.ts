/** What must not be in a file's name: controls, NUL and line ends among them; turns of direction; halves of surrogate pairs. */
const unwanted = /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu
const longestName = 255
const longestExtension = 20

/** A client's name for a file, fit to be shown and to be saved under: the last part of a path, 1 to 255 characters, its extension kept. */
export function cleanFileName(name: string): string {
  const lastPart = name.replace(unwanted, '').split(/[/\\]/).at(-1) ?? ''
  const trimmed = lastPart.trim().replace(/[. ]+$/, '')
  const extension = extensionOf(trimmed)
  const ending = extension ? `.${extension}` : ''
  const stem = trimmed.slice(0, trimmed.length - ending.length).trim() || 'attachment'
  return [...stem].slice(0, longestName - ending.length).join('') + ending
}

/** What follows the last dot, as it is spelled; empty when there is none or it is no extension at all. */
export function extensionOf(name: string): string {
  const extension = /\.([^.]*)$/.exec(name)?.[1] ?? ''
  return extension.length <= longestExtension ? extension : ''
}

/** The name that is shown: the wanted one, with the extension of the file. */
export function shownFileName(fileName: string, wanted: string | null | undefined): string {
  const name = cleanFileName(fileName)
  if (!wanted?.trim()) return name
  const extension = extensionOf(name)
  const shown = cleanFileName(wanted)
  return extensionOf(shown).toLowerCase() === extension.toLowerCase() ? shown : cleanFileName(`${shown}.${extension}`)
}

/** RFC 6266: the name in ASCII for old clients, and in full by RFC 8187. */
export function contentDisposition(type: 'inline' | 'attachment', name: string): string {
  const whole = cleanFileName(name)
  const ascii = whole.replace(/[^\x20-\x7e]|["%\\]/gu, '_')
  const encoded = encodeURIComponent(whole).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
