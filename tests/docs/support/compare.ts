/** What earlier answers gave to the `{{names}}` of the document. */
export type Names = Map<string, string>

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/

/** The text with its `{{names}}` replaced. Throws for a name that nothing was given to yet. */
export function fill(text: string, names: Names): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = names.get(name)
    if (value === undefined) throw new Error(`{{${name}}} has no value yet`)
    return value
  })
}

/** An expected JSON text. A name where a number belongs, outside quotes, is marked with # for `differences`. */
export function readExpected(json: string): unknown {
  return JSON.parse(json.replaceAll(/(?<=[:[,]\s*)(\{\{\w+\}\})(?=\s*[,}\]])/g, '"#$1"'))
}

/**
 * Where the actual value differs from the expected one, a line each. Objects have the same keys and lists the same length, unless they end with
 * "…". A string that ends with "…" is a beginning; a time stands for any time; a new `{{name}}` takes the value that is there.
 */
export function differences(expected: unknown, actual: unknown, names: Names, path = ''): string[] {
  if (Array.isArray(expected)) return differencesOfLists(expected, actual, names, path)
  if (typeof expected === 'object' && expected !== null) return differencesOfObjects(expected, actual, names, path)
  if (typeof expected === 'string' && expected.startsWith('#{{') && typeof actual === 'number') {
    return differencesOfTexts(expected.slice(1), String(actual), names, path)
  }
  if (typeof expected === 'string' && typeof actual === 'string') return differencesOfTexts(expected, actual, names, path)
  return expected === actual ? [] : [told(expected, actual, path)]
}

function differencesOfTexts(expected: string, actual: string, names: Names, path: string): string[] {
  const [, unknown] = /^\{\{(\w+)\}\}$/.exec(expected) ?? []
  if (unknown && !names.has(unknown)) {
    names.set(unknown, actual)
    return []
  }
  if (time.test(expected)) return time.test(actual) ? [] : [told(expected, actual, path)]
  const wanted = fill(expected, names)
  const isSame = wanted.endsWith('…') ? actual.startsWith(wanted.slice(0, -1)) : actual === wanted
  return isSame ? [] : [told(wanted, actual, path)]
}

function differencesOfLists(expected: unknown[], actual: unknown, names: Names, path: string): string[] {
  if (!Array.isArray(actual)) return [told(expected, actual, path)]
  const isOpen = expected.at(-1) === '…'
  const items = isOpen ? expected.slice(0, -1) : expected
  const hasLength = isOpen ? actual.length > items.length : actual.length === items.length
  const lengths = hasLength ? [] : [`${path} has ${actual.length} items: ${JSON.stringify(actual)}`]
  return [...lengths, ...items.flatMap((item, index) => differences(item, actual[index], names, `${path}[${index}]`))]
}

function differencesOfObjects(expected: object, actual: unknown, names: Names, path: string): string[] {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return [told(expected, actual, path)]
  const { '…': left, ...wanted } = expected as Record<string, unknown>
  const found = actual as Record<string, unknown>
  const unsaid = Object.keys(found).filter((key) => !(key in wanted))
  const wrong = Object.keys(wanted).flatMap((key) => differences(wanted[key], found[key], names, `${path}.${key}`))
  if (left === undefined) return [...unsaid.map((key) => `${path}.${key} is not told: ${JSON.stringify(found[key])}`), ...wrong]
  return unsaid.length > 0 ? wrong : [...wrong, `${path}: nothing is left out`]
}

function told(expected: unknown, actual: unknown, path: string): string {
  return `${path || 'it'} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`
}
