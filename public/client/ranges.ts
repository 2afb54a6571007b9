/** A stretch of seqs, both ends included. `to` is Infinity where it goes on with what is still to come. */
export type Range = { readonly from: number; readonly to: number }

/** Adds a stretch and joins those that touch. From low to high. */
export function addRange(ranges: readonly Range[], added: Range): Range[] {
  const apart = ranges.filter((range) => range.to + 1 < added.from || added.to + 1 < range.from)
  const joined = ranges.filter((range) => !apart.includes(range))
  const from = Math.min(added.from, ...joined.map((range) => range.from))
  const to = Math.max(added.to, ...joined.map((range) => range.to))
  return [...apart, { from, to }].sort((one, other) => one.from - other.from)
}

export function covers(ranges: readonly Range[], seq: number): boolean {
  return ranges.some((range) => seq >= range.from && seq <= range.to)
}
