/** From, and up to but without, in UTF-16 units of the text. */
export type Range = [start: number, end: number]

const mostRanges = 100
const words = /[\p{L}\p{N}]+/gu
/** What English and Spanish put behind a stem. */
const endings =
  /^(?:[a-z]{0,2}|ing|ings|ers|ies|ied|est|ness|ment|ments|ado|ada|ados|adas|ido|ida|idos|idas|ando|iendo|cion|ciones|ation|ations|acion|aciones|amos|aron)$/

/** Letters that are no letter with an accent, as the database's unaccent has them. */
const plain: Record<string, string> = {
  đ: 'd',
  ð: 'd',
  ø: 'o',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
}

/**
 * Where the text shows why it was found: `q` itself wherever it stands, and the words that begin with one of the stems. In order, none
 * touches another, 100 at most. A guess for words: the stemmer is in the database.
 */
export function highlight(text: string, q: string, stems: readonly string[]): Range[] {
  const { folded, starts, ends } = foldWithPlaces(text)
  const found: Range[] = []
  const add = (from: number, length: number) => found.push([starts[from] ?? 0, ends[from + length - 1] ?? text.length])

  const wanted = fold(q).trim()
  for (
    let at = wanted ? folded.indexOf(wanted) : -1;
    at >= 0 && found.length < mostRanges;
    at = folded.indexOf(wanted, at + wanted.length)
  ) {
    add(at, wanted.length)
  }
  const plainStems = stems.map(fold).filter((stem) => stem !== '')
  for (const { 0: word, index } of folded.matchAll(words)) {
    if (found.length >= 2 * mostRanges) break
    if (plainStems.some((stem) => isFormOf(word, stem))) add(index, word.length)
  }
  return merge(found).slice(0, mostRanges)
}

function isFormOf(word: string, stem: string): boolean {
  if (word === stem) return true
  if (stem.length < 3) return false
  // English stems have an i where the word has a y.
  const trunk = stem.endsWith('i') && word[stem.length - 1] === 'y' ? `${stem.slice(0, -1)}y` : stem
  return word.startsWith(trunk) && endings.test(word.slice(trunk.length))
}

function merge(ranges: Range[]): Range[] {
  const merged: Range[] = []
  for (const [start, end] of ranges.sort((one, other) => one[0] - other[0])) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

function fold(text: string): string {
  return foldWithPlaces(text).folded
}

/** The text without accents and in lower case, and for each of its units where what it comes from begins and ends. */
function foldWithPlaces(text: string): { folded: string; starts: number[]; ends: number[] } {
  const parts: string[] = []
  const starts: number[] = []
  const ends: number[] = []
  let place = 0
  for (const character of text) {
    const part = foldCharacter(character)
    parts.push(part)
    for (let unit = 0; unit < part.length; unit++) {
      starts.push(place)
      ends.push(place + character.length)
    }
    place += character.length
    // A mark by itself belongs to the letter before.
    if (part === '' && ends.length > 0) ends[ends.length - 1] = place
  }
  return { folded: parts.join(''), starts, ends }
}

function foldCharacter(character: string): string {
  if (character <= '\x7f') return character.toLowerCase()
  const lower = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return plain[lower] ?? lower
}
