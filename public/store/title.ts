import type { Words } from '../words/words.ts'

let drawn = -1

/** The unread total in the title and on the icon. */
export function showUnread(count: number, words: Words): void {
  document.title = count > 0 ? `(${count > 99 ? '99+' : count}) ${words.appName}` : words.appName
  if (count === drawn) return
  drawn = count
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (!link) return
  link.dataset.plain ??= link.href
  const icon = count > 0 ? drawBadge(count) : undefined
  link.type = icon ? 'image/png' : 'image/svg+xml'
  link.href = icon ?? link.dataset.plain
}

function drawBadge(count: number): string | undefined {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 64
  const pen = canvas.getContext('2d')
  if (!pen) return undefined
  pen.fillStyle = '#0f766e'
  pen.beginPath()
  pen.roundRect(0, 0, 64, 64, 16)
  pen.fill()
  pen.fillStyle = '#fff'
  pen.font = `bold ${count > 9 ? 34 : 42}px system-ui, sans-serif`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(count > 99 ? '99+' : String(count), 32, 35)
  return canvas.toDataURL('image/png')
}
