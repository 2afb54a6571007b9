import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { below, composer, enter, message, openTab, type Seat, unreadOf, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

const top = async (seat: Seat, text: string) => (await message(seat, text).boundingBox())?.y ?? Number.NaN
/** Turns the wheel until the list is away from its end. */
const wheelUp = async (seat: Seat, pixels: number) => {
  await seat.page.locator('.messages').hover()
  await until(async () => {
    if ((await below(seat)) > 300) return true
    await seat.page.mouse.wheel(0, -pixels)
    return false
  })
}

test('11 A room opens at the first unread with a "New" line, or at the newest', async () => {
  const { seat, room, ben } = await on.openedHistory(120, 60)
  await message(seat, 'message 61.').waitFor()
  await until(async () => (await message(seat, 'message 61.').isVisible()) && (await seat.page.locator('.new-line').isVisible()))
  await seat.page.waitForFunction(() => (document.querySelector('.messages')?.scrollTop ?? 0) > 0)
  const line = await seat.page.locator('.new-line').boundingBox()
  expect(line?.y).toBeGreaterThan(60)
  expect(line?.y).toBeLessThan(400)
  const newest = await on.seat(ben, { at: `#/${room}` })
  await message(newest, 'message 120.').waitFor()
  await until(async () => (await below(newest)) <= 2)
})

test('12 Scrolling up loads older messages and the one in view stays', async () => {
  const { seat } = await on.openedHistory(140)
  await message(seat, 'message 140.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  const mark = await seat.page.locator('.messages').evaluate(async (list) => {
    list.scrollTo(0, 400)
    // Two frames, until the rows of that place are drawn; what is older takes its way over the network.
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame)
    const rows = [...list.querySelectorAll<HTMLElement>('.message')]
    return rows.find((row) => row.getBoundingClientRect().top > 200)?.querySelector('.text')?.textContent ?? ''
  })
  const before = await top(seat, mark)
  await seat.page.waitForFunction(() => (document.querySelector('.messages')?.scrollTop ?? 0) > 1_000)
  expect(Math.abs((await top(seat, mark)) - before)).toBeLessThanOrEqual(2)
  await seat.page.locator('.messages').evaluate((list) => list.scrollTo(0, 0))
  await until(async () => (await seat.page.locator('.messages').evaluate((list) => list.scrollHeight)) > 4_000)
})

test('13 While scrolled up, new messages do not move the view; a pill goes to the first of them', async () => {
  const { seat, room, ben } = await on.openedHistory(60)
  await message(seat, 'message 60.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await wheelUp(seat, 700)
  await seat.page.getByRole('button', { name: 'Jump to latest' }).waitFor()
  const scrolled = () => seat.page.locator('.messages').evaluate((list) => list.scrollTop)
  const before = await scrolled()
  for (const text of ['new one.', 'new two.', 'new three.']) await ben.say(room, text)
  await seat.page.getByRole('button', { name: '3 new' }).waitFor()
  expect(await scrolled()).toBe(before)
  await seat.page.getByRole('button', { name: '3 new' }).click()
  await message(seat, 'new one.').waitFor()
  await until(async () => (await message(seat, 'new one.').isVisible()) && (await scrolled()) > before)
})

test('14 At the bottom new messages keep the view at the bottom, and 15 my own send goes to the bottom', async () => {
  const { seat, room, ben } = await on.openedHistory(60)
  await message(seat, 'message 60.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await ben.say(room, `a long one ${'and on '.repeat(200)}`)
  await message(seat, 'a long one').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await wheelUp(seat, 1_200)
  await seat.page.getByRole('button', { name: 'Jump to latest' }).waitFor()
  await write(seat, 'mine, at the end')
  await withState(seat, 'mine, at the end', 'sent').waitFor()
  await until(async () => (await below(seat)) <= 2)
})

test('16 A link to an old message loads its surroundings, goes there, flashes it, and offers "Jump to latest"', async () => {
  const { anna, room, said } = await on.history(200)
  const seat = await on.seat(anna)
  await seat.page.emulateMedia({ reducedMotion: 'no-preference' })
  await seat.page.evaluate((hash) => {
    location.hash = hash
  }, `#/${room}/${said[19]?.id}`)
  await seat.page.locator('.message.flash', { hasText: 'message 20.' }).waitFor()
  await until(async () => (await message(seat, 'message 20.').boundingBox()) !== null)
  const box = await message(seat, 'message 20.').boundingBox()
  expect(box?.y).toBeGreaterThan(64)
  expect(box?.y).toBeLessThan(740)
  await seat.page.getByRole('button', { name: 'Jump to latest' }).click()
  await message(seat, 'message 200.').waitFor()
  await until(async () => (await below(seat)) <= 2)
})

test('17 Days are divided, full time on hover; messages of one sender within 5 minutes are grouped', async () => {
  const { seat } = await on.openedHistory(3)
  await message(seat, 'message 3.').waitFor()
  expect(await seat.page.locator('.day').allInnerTexts()).toEqual(['Today'])
  expect(await message(seat, 'message 1.').locator('time').getAttribute('title')).toMatch(/\d{4}.*:\d\d:\d\d/)
  expect(await seat.page.locator('.sender').count()).toBe(1)
  expect(await seat.page.locator('.message .avatar').count()).toBe(1)
})

test('19 A room counts as read only when its newest message is on screen and the tab is visible and focused', async () => {
  const { seat, room, anna, ben } = await on.openedHistory(80)
  await message(seat, 'message 80.').waitFor()
  await wheelUp(seat, 900)
  await seat.page.getByRole('button', { name: 'Jump to latest' }).waitFor()
  await ben.say(room, 'read me')
  await seat.page.getByRole('button', { name: '1 new' }).waitFor()
  expect(await unreadOf(anna, room)).toBe(1)
  await seat.page.evaluate(() => {
    document.hasFocus = () => false
  })
  await seat.page.getByRole('button', { name: 'Jump to latest' }).click()
  await until(async () => (await below(seat)) <= 2)
  expect(await unreadOf(anna, room)).toBe(1)
  await seat.page.evaluate(() => {
    document.hasFocus = () => true
    dispatchEvent(new Event('focus'))
  })
  await until(async () => (await unreadOf(anna, room)) === 0)
})

test('20 Reading on one device clears the badge on the others in 2 s, and 24 title and icon show the unread total', async () => {
  const { anna, room } = await on.history(5, 2)
  const desk = await on.seat(anna)
  await desk.page.locator('.row .badge', { hasText: '3' }).waitFor()
  await desk.page.waitForFunction(() => document.title === '(3) AriStay Chat')
  expect(await desk.page.locator('link[rel="icon"]').getAttribute('href')).toMatch(/^data:image\/png/)
  const phone = await on.seat(anna, { size: { width: 360, height: 740 } })
  await enter(phone, room)
  await desk.page.locator('.row .badge').waitFor({ state: 'detached', timeout: 2_000 })
  await desk.page.waitForFunction(() => document.title === 'AriStay Chat')
})

test('21 My message shows sent or read; in groups "Read by 1 of 2" opens who has and has not, live', async () => {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  const room = await on.chat.group(anna, ben, cleo)
  const seat = await on.seat(anna)
  await enter(seat, room)
  await write(seat, 'who has read this')
  await seat.page.getByRole('button', { name: 'Read by 0 of 2' }).click()
  const dialog = seat.page.getByRole('dialog')
  await dialog.getByText('Not yet read · 2').waitFor()
  await ben.post(`/api/chat/rooms/${room}/mark_read/`)
  await dialog.getByText('Not yet read · 1').waitFor()
  await seat.page.keyboard.press('Escape')
  await seat.page.getByRole('button', { name: 'Read by 1 of 2' }).waitFor()
})

test('23 The typing line comes within 1 s, names two people, and vanishes at once when the message comes', async () => {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  const room = await on.chat.group(anna, ben, cleo)
  const seat = await on.seat(anna)
  await enter(seat, room)
  const line = seat.page.locator('.typing-line')
  const [fromBen, fromCleo] = [await ben.connect(room), await cleo.connect(room)]
  fromBen.send({ type: 'typing', is_typing: true })
  await line.getByText('Ben Test is typing…').waitFor({ timeout: 1_000 })
  fromCleo.send({ type: 'typing', is_typing: true })
  await line.getByText('Ben Test and Cleo Test are typing…').waitFor({ timeout: 1_000 })
  await cleo.say(room, 'here it is')
  await line.getByText('Ben Test is typing…').waitFor()
  await line.filter({ hasText: /^$/ }).waitFor({ timeout: 7_000 })
})

test('34 Two tabs agree', async () => {
  const { seat, room } = await on.openedHistory(3)
  const other = { ...seat, ...(await openTab(seat.context, `${on.chat.url}/api/chat/#/${room}`)) }
  await message(other, 'message 3.').waitFor()
  await write(seat, 'from one tab')
  await withState(other, 'from one tab', 'sent').waitFor()
  await composer(other).fill('a draft of both')
  await until(async () => (await composer(seat).inputValue()) === 'a draft of both')
  expect(other.complaints).toEqual([])
})
