import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { below, composer, enter, message, openTab, type Seat, signIn, texts, unreadOf, withState, write } from './support/browser.ts'
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

test('14 At the bottom (80 px) new messages keep the view at the bottom', async () => {
  const { seat, room, ben } = await on.openedHistory(60)
  await message(seat, 'message 60.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await ben.say(room, `a long one ${'and on '.repeat(200)}`)
  await message(seat, 'a long one').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await seat.page.locator('.messages').evaluate((list) => list.scrollBy(0, -60))
  await until(async () => (await below(seat)) > 50)
  await ben.say(room, 'and another')
  await message(seat, 'and another').waitFor()
  await until(async () => (await below(seat)) <= 2)
})

test('15 My own send goes to the bottom', async () => {
  const { seat } = await on.openedHistory(60)
  await message(seat, 'message 60.').waitFor()
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

test('20 Reading on one device clears the badge on the others in 2 s', async () => {
  const { anna, room } = await on.history(5, 2)
  const desk = await on.seat(anna)
  await desk.page.locator('.row .badge', { hasText: '3' }).waitFor()
  const phone = await on.seat(anna, { size: { width: 360, height: 740 } })
  await enter(phone, room)
  await desk.page.locator('.row .badge').waitFor({ state: 'detached', timeout: 2_000 })
})

test('24 Title and icon show the unread total of rooms that are not muted', async () => {
  const { anna, ben, room } = await on.history(5, 2)
  const muted = await on.chat.group(anna, ben)
  const { results } = (await anna.get(`/api/chat/participants/?room=${muted}&user=${anna.id}`)).body
  await anna.post(`/api/chat/participants/${results[0].id}/mute/`)
  await ben.say(muted, 'in a muted room')
  const desk = await on.seat(anna)
  const icon = () => desk.page.locator('link[rel="icon"]').getAttribute('href')
  await desk.page.locator('.row .badge.quiet').waitFor()
  await desk.page.waitForFunction(() => document.title === '(3) AriStay Chat')
  expect(await icon()).toMatch(/^data:image\/png/)
  await ben.say(room, 'one more')
  await desk.page.waitForFunction(() => document.title === '(4) AriStay Chat')
  await anna.post(`/api/chat/rooms/${room}/mark_read/`)
  await desk.page.waitForFunction(() => document.title === 'AriStay Chat')
  expect(await icon()).toMatch(/\.svg$/)
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

test('34 A tab that signed out goes on when another tab signs in', async () => {
  const { seat, anna, room } = await on.openedHistory(3)
  const other = { ...seat, ...(await openTab(seat.context, `${on.chat.url}/api/chat/#/${room}`)) }
  await message(other, 'message 3.').waitFor()
  await seat.page.getByRole('button', { name: 'Sign out' }).click()
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  await other.page.reload()
  await signIn(other.page, anna)
  await message(seat, 'message 3.').waitFor()
  await write(seat, 'from the tab that had signed out')
  await withState(seat, 'from the tab that had signed out', 'sent').waitFor()
  await message(other, 'from the tab that had signed out').waitFor()
})

test('18 10 000 messages scroll smoothly, with at most 300 message nodes in the page', async () => {
  const { anna, room } = await on.group()
  // As many sends would take a minute; the rows are what they would have left.
  await on.chat.db.execute(sql`
    with head as (update chat_rooms set last_seq = last_seq + 10000, message_count = message_count + 10000 where id = ${room} returning last_seq),
    said as (
      insert into chat_messages (id, room_id, seq, sender_id, content, created_at, modified_at)
      select gen_random_uuid(), ${room}::uuid, head.last_seq - 10000 + number, ${anna.id}::int, 'message ' || number || '.', moment, moment
      from head, generate_series(1, 10000) as number, lateral (select now() - (10001 - number) * interval '1 minute' as moment) as said_at
      returning id, seq)
    update chat_rooms set last_message_id = (select id from said order by seq desc limit 1) where id = ${room}`)
  const seat = await on.seat(anna)
  await enter(seat, room)
  await message(seat, 'message 10000.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  const most = await seat.page.evaluate(async () => {
    const list = document.querySelector('.messages')
    if (!list) throw new Error('there is no list')
    let nodes = 0
    const count = () => {
      nodes = Math.max(nodes, document.querySelectorAll('.message').length)
    }
    new MutationObserver(count).observe(list, { childList: true, subtree: true })
    const frame = () => new Promise(requestAnimationFrame)
    const oldest = () => Math.min(...[...list.querySelectorAll('.text')].map((text) => Number(text.textContent?.match(/\d+/)?.[0])))
    // Up and up, as one who holds the key down, until a thousand are loaded; then down again.
    while (oldest() > 9_000) {
      list.scrollBy(0, -900)
      await frame()
    }
    while (list.scrollTop + list.clientHeight < list.scrollHeight - 2) {
      list.scrollBy(0, 2_000)
      await frame()
    }
    return nodes
  })
  expect(most).toBeGreaterThan(10)
  expect(most).toBeLessThanOrEqual(300)
  await message(seat, 'message 10000.').waitFor()
  const nearTheStart = (await anna.get(`/api/chat/messages/?room=${room}&after=40&limit=1`)).body.results[0].id
  await seat.page.evaluate((hash) => {
    location.hash = hash
  }, `#/${room}/${nearTheStart}`)
  await until(
    async () => (await seat.page.locator('.message').count()) > 0 && (await texts(seat)).some((text) => /^message [3-9]\d\.$/.test(text)),
  )
  expect(await seat.page.locator('.message').count()).toBeLessThanOrEqual(300)
  expect(seat.complaints).toEqual([])
}, 60_000)

test('22 "Mark unread from here" survives a reload, and shows on other devices', async () => {
  const { seat, room, anna } = await on.openedHistory(8)
  await message(seat, 'message 8.').waitFor()
  const phone = await on.seat(anna, { size: { width: 360, height: 740 } })
  await message(seat, 'message 6.').hover()
  await message(seat, 'message 6.').getByRole('button', { name: 'Message actions' }).click()
  await seat.page.getByRole('menuitem', { name: 'Mark unread from here' }).click()
  for (const each of [seat, phone]) {
    await each.page.locator('.row .badge', { hasText: '3' }).waitFor()
    await each.page.waitForFunction(() => document.title === '(3) AriStay Chat')
  }
  await seat.page.locator('.new-line').waitFor()
  await seat.page.reload()
  await message(seat, 'message 8.').waitFor()
  await seat.page.locator('.new-line').waitFor()
  await seat.page.locator('.row .badge', { hasText: '3' }).waitFor()
  expect(await unreadOf(anna, room)).toBe(3)
  // Whoever opens the room on purpose reads it.
  await enter(phone, room)
  await seat.page.locator('.row .badge').waitFor({ state: 'detached' })
  expect(await unreadOf(anna, room)).toBe(0)
})

test('23 Three who type are a number, and a typist who falls silent vanishes after 6 s', async () => {
  const [anna, ben, cleo, dan] = await on.chat.newPeople('Anna', 'Ben', 'Cleo', 'Dan')
  const room = await on.chat.group(anna, ben, cleo, dan)
  const seat = await on.seat(anna)
  await enter(seat, room)
  const line = seat.page.locator('.typing-line')
  for (const person of [ben, cleo, dan]) (await person.connect(room)).send({ type: 'typing', is_typing: true })
  await line.getByText('3 people are typing…').waitFor({ timeout: 3_000 })
  const began = performance.now()
  await line.filter({ hasText: /^$/ }).waitFor({ timeout: 8_000 })
  expect(performance.now() - began).toBeGreaterThan(4_000)
})
