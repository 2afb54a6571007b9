import { Icon } from './icon.tsx'

const hues = 8

type Props = { name: string; kind?: 'group' | 'task' | 'property'; size?: 'small' | '' }

/** Initials on a colour that goes with the name, wherever it stands. */
export function Avatar({ name, kind, size = '' }: Props) {
  return (
    <span class={`avatar hue-${hueOf(name)} ${size} ${kind ? 'square' : ''}`} aria-hidden="true">
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

export function hueOf(name: string): number {
  return [...name].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 997, 7) % hues
}
