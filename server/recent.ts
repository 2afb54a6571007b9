/**
 * Remembers what was found last, by a text: `size` of them at least and twice as many at most, and among them whatever is asked for again and again.
 */
export function createRecent<Found>(size: number): { get(key: string): Found | undefined; set(key: string, found: Found): void } {
  let young = new Map<string, Found>()
  let old = new Map<string, Found>()

  function set(key: string, found: Found) {
    if (young.size >= size) {
      old = young
      young = new Map()
    }
    young.set(key, found)
  }

  return {
    get(key) {
      const known = young.get(key)
      if (known !== undefined) return known
      const before = old.get(key)
      if (before !== undefined) set(key, before)
      return before
    },
    set,
  }
}
