import fc from 'fast-check'
import { expect, test } from 'vitest'
import { highlight } from '../../server/highlights.ts'

const shown = (text: string, q: string, stems: string[] = []) => highlight(text, q, stems).map(([start, end]) => text.slice(start, end))

test('the text that was asked for is shown wherever it stands', () => {
  expect(shown('Electric, electrical', 'ectric')).toEqual(['ectric', 'ectric'])
})

test('accents are shown with their letters, composed or not', () => {
  expect(shown('La Habitación 4', 'habitacion')).toEqual(['Habitación'])
  const decomposed = 'Dọn phòng Đặng'.normalize('NFD')
  expect(shown(decomposed, 'phong dang')).toEqual(['phòng Đặng'.normalize('NFD')])
})

test('words are shown in the forms that were found', () => {
  expect(shown('We cleaned: cleaning and clearing', 'cleans', ['clean', 'cleans'])).toEqual(['cleaned', 'cleaning'])
  expect(shown('dirty towels, un car', 'dirtied towel', ['dirti', 'towel'])).toEqual(['dirty', 'towels'])
  expect(shown('Las habitaciones', 'habitación', ['habit', 'habitacion'])).toEqual(['habitaciones'])
})

test('letters of two units are counted as two', () => {
  expect(highlight('😀😀 key', 'key', [])).toEqual([[5, 8]])
})

test('ranges are within the text, in order and apart', () => {
  const words = fc
    .array(fc.constantFrom('a', 'á', '\u0301', 'đ', 'ß', 'ﬃ', 'İ', '😀', ' ', '-'), { maxLength: 20 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(words, words, fc.array(words, { maxLength: 4 }), (text, q, stems) => {
      let before = -1
      for (const [start, end] of highlight(text, q, stems)) {
        expect(start).toBeGreaterThan(before)
        expect(end).toBeGreaterThan(start)
        before = end
      }
      expect(before).toBeLessThanOrEqual(text.length)
    }),
  )
})

test('of a text that is found all over, the first hundred places are shown', () => {
  expect(highlight('a'.repeat(10_000), 'aaa', ['a'])).toEqual([[0, 300]])
  expect(highlight('aaa '.repeat(2500), 'aaa', ['aaa'])).toHaveLength(100)
})
