import { Icon } from './icon.tsx'

const hues = 8

/** Initials on a colour of one's own. */
export function Avatar({
  id,
  name,
  kind,
  size = '',
}: {
  id: number | string
  name: string
  kind?: 'group' | 'task' | 'property'
  size?: 'small' | ''
}) {
  return (
    <span class={`avatar hue-${hueOf(id)} ${size} ${kind ? 'square' : ''}`} aria-hidden="true">
      {kind ? <Icon name={kind} size={size ? 16 : 20} /> : initialsOf(name)}
    </span>
  )
}

function initialsOf(name: string): string {
  const words = name
    .replace(/[^\p{L}\p{N}\s]/gu, '')
    .trim()
    .split(/\s+/)
    .filter(Boolean)
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '')
  return letters.join('').toUpperCase() || '?'
}

function hueOf(id: number | string): number {
  if (typeof id === 'number') return id % hues
  return [...id].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 997, 7) % hues
}
