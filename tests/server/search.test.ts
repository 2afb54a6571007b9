import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageRange } from '../../server/actions/pages.ts'
import { searchMessages } from '../../server/actions/search.ts'
import { openSearched, type Searched } from './support/searched.ts'

let chat: Searched
beforeAll(async () => {
  chat = await openSearched()
})
afterAll(() => chat.close())

/** What was said is found the same way by the index and by who looks before it has run. */
describe.each([
  { when: 'before the index has run', indexed: false },
  { when: 'after the index has run', indexed: true },
])('$when', ({ indexed }) => {
  const settle = async () => {
    if (indexed) await chat.index.catchUp()
  }

  async function said(...texts: string[]) {
    const reader = await chat.newUser()
    const room = await chat.newRoom(reader)
    const ids = await chat.say(room, reader, ...texts)
    await settle()
    return { reader, room, ids, find: (q: string) => chat.find(reader, q) }
  }

  test('a word finds its other forms, in English and in Spanish', async () => {
    const { find } = await said('The boiler was cleaned', 'Las habitaciones están limpias', 'nothing')
    expect(await find('cleaning')).toEqual(['The boiler was cleaned'])
    expect(await find('limpia habitación')).toEqual(['Las habitaciones están limpias'])
    expect(await find('limpia habitacion')).toEqual(['Las habitaciones están limpias'])
  })

  test('accents and letter case do not count, in the text and in the question, composed or not', async () => {
    const { find } = await said('La Habitación 4', 'Dọn phòng Đặng', 'Dọn phòng Đặng'.normalize('NFD'))
    expect(await find('habitacion')).toEqual(['La Habitación 4'])
    expect(await find('HABITACIÓN')).toEqual(['La Habitación 4'])
    expect(await find('phong dang')).toHaveLength(2)
    expect(await find('phòng'.normalize('NFD'))).toHaveLength(2)
  })

  test('a piece of a word is found, and words in any order', async () => {
    const { find } = await said('the electrician comes', 'hot water, no heating')
    expect(await find('ectric')).toEqual(['the electrician comes'])
    expect(await find('heating water')).toEqual(['hot water, no heating'])
  })

  test('quotes ask for neighbours, a dash leaves out, or takes either', async () => {
    const { find } = await said('hot water', 'water is hot', 'garage key', 'garage gate')
    expect(await find('"hot water"')).toEqual(['hot water'])
    expect(await find('garage -gate')).toEqual(['garage key'])
    expect(await find('key or gate')).toEqual(['garage gate', 'garage key'])
  })

  test('the list of messages looks for the text as it stands, and keeps its other filters and its order', async () => {
    const { reader, room, ids } = await said('The CRÈME is out', 'creme brulee', 'a cream', 'dairy creme, edited away', 'creme, deleted')
    const [host, stranger] = await Promise.all([chat.newUser(), chat.newUser()])
    const other = await chat.newRoom(host, reader)
    await chat.say(other, host, 'creme of another')
    await chat.edit(room, reader, ids[3] ?? '', 'milk')
    await chat.remove(room, reader, ids[4] ?? '')
    await settle()
    expect(await chat.list(reader, 'crème')).toEqual(['creme of another', 'creme brulee', 'The CRÈME is out'])
    expect(await chat.list(reader, ' creme ', { roomId: room }, false)).toEqual(['The CRÈME is out', 'creme brulee'])
    expect(await chat.list(reader, 'cr', { senderId: host })).toEqual(['creme of another'])
    expect(await chat.list(reader, 'creme', { messageType: 'image' })).toEqual([])
    expect(await chat.list(reader, 'creme cream')).toEqual([])
    expect(await chat.list(stranger, 'creme')).toEqual([])
  })

  test('percent, underscore and backslash mean themselves, wide ones too', async () => {
    const { find } = await said('100% done', '1000 done', 'a_b\\c', 'axb')
    expect(await find('100%')).toEqual(['100% done'])
    expect(await find('100％')).toEqual(['100% done'])
    expect(await find('a_b\\')).toEqual(['a_b\\c'])
    expect(await find('%_%_%')).toEqual([])
  })

  test('an edited text is found by its new words and no longer by the old', async () => {
    const { reader, room, ids, find } = await said('the plumber', 'stays')
    await chat.edit(room, reader, ids[0] ?? '', 'the gardener')
    expect([await find('plumber'), await find('gardener')]).toEqual([[], ['the gardener']])
    await settle()
    expect([await find('plumber'), await find('gardener')]).toEqual([[], ['the gardener']])
  })

  test('a deleted message is not found, nor what stands in its place', async () => {
    const { reader, room, ids, find } = await said('the plumber', 'stays')
    await chat.remove(room, reader, ids[0] ?? '')
    expect([await find('plumber'), await find('deleted')]).toEqual([[], []])
    await settle()
    expect([await find('plumber'), await find('deleted'), await find('stays')]).toEqual([[], [], ['stays']])
  })

  test('only rooms that the reader is in now are searched, and only the one asked for', async () => {
    const [alice, bob] = [await chat.newUser(), await chat.newUser()]
    const [shared, hers] = [await chat.newRoom(alice, bob), await chat.newRoom(alice)]
    await chat.say(shared, alice, 'towels here')
    await chat.say(hers, alice, 'towels there')
    await settle()
    expect(await chat.find(alice, 'towels')).toEqual(['towels there', 'towels here'])
    expect(await chat.find(alice, 'towels', shared)).toEqual(['towels here'])
    expect(await chat.find(bob, 'towels')).toEqual(['towels here'])
    expect(await chat.find(bob, 'towels', hers)).toEqual([])
    await chat.leave(shared, bob)
    expect(await chat.find(bob, 'towels')).toEqual([])
  })

  test('pages follow each other from the newest on', async () => {
    const { reader } = await said(...Array.from({ length: 25 }, (_, number) => `parcel ${number}`))
    const page = (number: string) => searchMessages(chat, { id: reader }, { q: 'parcels' }, pageRange({ page: number, page_size: '10' }))
    const [first, last] = [await page('1'), await page('last')]
    expect(first).toMatchObject({ count: 25, found: { length: 10, 0: { message: { content: 'parcel 24' } } } })
    expect(last).toMatchObject({ count: 25, found: { length: 5, 4: { message: { content: 'parcel 0' } } } })
  })

  test('whatever is asked is answered', async () => {
    const { find } = await said('"quoted" (a+)+$ & | ! :* <-> text')
    const pieces = [
      '"',
      '-',
      '-"',
      ' or ',
      '(',
      ')',
      '&',
      '|',
      '!',
      '<->',
      ':*',
      "'",
      '\\',
      'a',
      '%',
      '_',
      '\u0301',
      '😀',
      '-1.5e9',
      'http://',
    ]
    const asked = fc.array(fc.constantFrom(...pieces), { minLength: 3, maxLength: 60 }).map((parts) => `x${parts.join('').slice(0, 190)}x`)
    await fc.assert(
      fc.asyncProperty(asked, async (q) => {
        await find(q)
      }),
      { numRuns: 100 },
    )
    for (const q of ['-'.repeat(200), '-""'.repeat(66), '-text', '!!!', '(a+)+$', '\u0301\u0301\u0301']) await find(q)
    expect(await find('(a+)+$')).toHaveLength(1)
    expect(await find('\u0301\u0301\u0301')).toEqual([])
    expect(await find('-nowhere')).toEqual([])
  })
})

test.each(['', '  ab  ', '😀😀', undefined])('%j is too short', async (q) => {
  const asking = searchMessages(chat, { id: 1 }, { q }, pageRange({}))
  await expect(asking).rejects.toMatchObject({ body: { error: 'Search query must be at least 3 characters' } })
})

test('a question longer than 200 characters is refused', async () => {
  const asking = searchMessages(chat, { id: 1 }, { q: 'a'.repeat(201) }, pageRange({}))
  await expect(asking).rejects.toMatchObject({ code: 'invalid', body: { error: 'Search query must be at most 200 characters' } })
})
