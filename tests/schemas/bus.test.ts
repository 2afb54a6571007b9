import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BusEvent, decodeEvents, type Effect, encodeEvents } from '../../schemas/bus.ts'

const userId = fc.integer({ min: 1, max: 2 ** 31 - 1 })
const effect = fc.oneof(
  fc.constant<Effect>({ kind: 'deleted' }),
  userId.map((id): Effect => ({ kind: 'removed', userId: id })),
  userId.map((id): Effect => ({ kind: 'typist', userId: id })),
  userId.map((id): Effect => ({ kind: 'only', userId: id })),
  fc.uuid().map((connectionId): Effect => ({ kind: 'origin', connectionId })),
)
const busEvent: fc.Arbitrary<BusEvent> = fc.record({
  seq: fc.maxSafeNat(),
  effect: fc.option(effect, { nil: undefined }),
  frame: fc.json(),
})

/** Reads any text, and gives only what a relay can use. */
function expectUsable(text: string): BusEvent[] {
  const events = decodeEvents(text)
  for (const { seq, frame } of events) {
    expect(Number.isSafeInteger(seq) && seq >= 0).toBe(true)
    expect(frame.includes('\n')).toBe(false)
  }
  return events
}

describe('events on the bus', () => {
  test('what was encoded is decoded', () => {
    const roundTrip = fc.property(fc.array(busEvent), (events) => {
      expect(decodeEvents(encodeEvents(events))).toEqual(events)
    })
    fc.assert(roundTrip, { numRuns: 500 })
  })

  test('no events are no text, and back', () => {
    expect(encodeEvents([])).toBe('')
    expect(decodeEvents('')).toEqual([])
  })

  test('no text makes decoding throw', () => {
    const odd = fc.constantFrom('\t', '\n', '\t\t', '1', '-1', '1e3', 'NaN', '99999999999999999999', 'origin', 'removed x', '\0')
    const text = fc.array(fc.oneof(fc.string({ unit: 'binary' }), odd)).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (any) => void expectUsable(any)),
      { numRuns: 2000 },
    )
  })

  test('megabytes of nothing take no longer than their length', () => {
    expect(expectUsable('\n'.repeat(10 * 2 ** 20))).toEqual([])
    expect(expectUsable('x\n'.repeat(2 ** 20))).toEqual([])
    expect(expectUsable(`${'x\n'.repeat(2 ** 18)}1\t\tf`)).toEqual([{ seq: 1, effect: undefined, frame: 'f' }])
  })

  test('an effect that is not understood drops its event', () => {
    for (const effect of ['removed x', 'removed', 'typist 0', 'only', 'unheard 5']) expect(expectUsable(`3\t${effect}\t{}`)).toEqual([])
  })

  test('lines that are no events are left out, their neighbours are kept', () => {
    const good = '7\t\t{"a":1}'
    const badSeqs = ['x', '-1', '1.5', '9007199254740993', '12345678901234567890', 'Infinity']
    for (const line of ['', 'hello', '7', '7\t', '7\t{"a":1}', ...badSeqs.map((seq) => `${seq}\t\t{}`)]) {
      const events = expectUsable([good, line, good].join('\n'))
      expect(events, JSON.stringify(line)).toEqual([
        { seq: 7, effect: undefined, frame: '{"a":1}' },
        { seq: 7, effect: undefined, frame: '{"a":1}' },
      ])
    }
  })

  test('tabs inside a frame stay in it', () => {
    expect(decodeEvents('1\t\ta\tb')).toEqual([{ seq: 1, effect: undefined, frame: 'a\tb' }])
  })

  test.each([
    ['one long line without a tab', 'x'.repeat(10 * 1024 * 1024), 0],
    ['one long frame', `1\t\t${'x'.repeat(10 * 1024 * 1024)}`, 1],
    ['nothing but tabs', '\t'.repeat(10 * 1024 * 1024), undefined],
  ])('10 MB of poison take no more than a moment: %s', (_name, text, count) => {
    const started = performance.now()
    const events = decodeEvents(text)
    expect(performance.now() - started).toBeLessThan(2000)
    if (count !== undefined) expect(events).toHaveLength(count)
  })
})
