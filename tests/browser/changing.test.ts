import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { below, composer, enter, message, unreadOf, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

test('25 Up in an empty composer edits my last message; Esc cancels and gives the draft back', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  await write(seat, 'mine, befor')
  await withState(seat, 'mine, befor', 'sent').waitFor()
  await ben.say(room, 'his')
  await message(seat, 'his').waitFor()
  await composer(seat).press('ArrowUp')
  await seat.page.getByText('Edit message').waitFor()
  expect(await composer(seat).inputValue()).toBe('mine, befor')
  await composer(seat).fill('mine, before')
  await composer(seat).press('Enter')
  for (const each of [seat, other]) await message(each, 'mine, before').getByText('edited').waitFor()
  expect(await composer(seat).inputValue()).toBe('')

  await composer(seat).fill('a draft')
  await message(seat, 'mine, before').hover()
  await message(seat, 'mine, before').getByRole('button', { name: 'Message actions' }).click()
  await seat.page.getByRole('menuitem', { name: 'Edit' }).click()
  await until(async () => (await composer(seat).inputValue()) === 'mine, before')
  await composer(seat).fill('something else')
  await composer(seat).press('Escape')
  expect(await composer(seat).inputValue()).toBe('a draft')
  await composer(seat).press('ArrowUp')
  expect(await composer(seat).inputValue()).toBe('a draft')
  expect(await message(seat, 'mine, before').count()).toBe(1)
})

test('25 An edit that could not be saved keeps its text, also when another room was opened meanwhile', async () => {
  const { seat, room, anna, ben } = await on.opened()
  const elsewhere = await on.chat.group(anna, ben)
  await write(seat, 'as it was')
  await withState(seat, 'as it was', 'sent').waitFor()
  await seat.context.route('**/api/chat/messages/*/', (route) =>
    route.request().method() === 'PATCH' ? route.fulfill({ status: 403, json: { detail: 'Not now.' } }) : route.continue(),
  )
  await composer(seat).press('ArrowUp')
  await composer(seat).fill('as it should be')
  await composer(seat).press('Enter')
  await seat.page.getByText('The change could not be saved. Try again.').waitFor()
  await enter(seat, elsewhere)
  expect(await composer(seat).inputValue()).toBe('')
  await enter(seat, room)
  expect(await composer(seat).inputValue()).toBe('as it should be')
  await seat.context.unroute('**/api/chat/messages/*/')
  await composer(seat).press('Enter')
  await message(seat, 'as it should be').getByText('edited').waitFor()
})

test('26 An edit shows in place, "edited", no jump, no new unread', async () => {
  const { seat, room, anna, said, ben } = await on.openedHistory(40)
  await message(seat, 'message 40.').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await until(async () => (await unreadOf(anna, room)) === 0)
  const place = () => message(seat, 'message 38.').boundingBox()
  const before = await place()
  await ben.patch(`/api/chat/messages/${said[36]?.id}/`, { content: 'message 37, changed' })
  await message(seat, 'message 37, changed').getByText('edited').waitFor()
  expect(await place()).toEqual(before)
  expect(await seat.page.locator('.new-line').count()).toBe(0)
  expect(await unreadOf(anna, room)).toBe(0)
  expect(await seat.page.title()).toBe('AriStay Chat')
})

test('27 A deleted message becomes a tombstone for all; quotes of it say so', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  const said = await ben.say(room, 'the original')
  await message(seat, 'the original').hover()
  await message(seat, 'the original').getByRole('button', { name: 'Reply', exact: true }).click()
  await write(seat, 'the answer')
  for (const each of [seat, other]) await message(each, 'the answer').locator('.quote', { hasText: 'the original' }).waitFor()
  await ben.delete(`/api/chat/messages/${said.id}/`)
  for (const each of [seat, other]) {
    await message(each, 'the answer').locator('.quote', { hasText: 'This message was deleted' }).waitFor()
    await each.page.locator('.tombstone').waitFor()
    expect(await each.page.getByText('the original').count()).toBe(0)
  }
})

test('28 A reply shows the quoted line; clicking it goes there and back', async () => {
  const { seat, room, said, ben } = await on.openedHistory(120)
  await message(seat, 'message 120.').waitFor()
  await ben.say(room, 'the answer', { reply_to: said[2]?.id })
  const quote = message(seat, 'the answer').locator('.quote')
  await quote.getByText('message 3.').waitFor()
  await quote.getByText('Ben Test').waitFor()
  await until(async () => (await below(seat)) <= 2)
  await quote.click()
  await message(seat, 'message 3.').first().waitFor()
  const isInView = (text: string) =>
    until(async () => {
      const box = await seat.page.locator('.message', { has: seat.page.getByText(text, { exact: true }) }).boundingBox()
      return box !== null && box.y > 60 && box.y < 760
    })
  await isInView('message 3.')
  await seat.page.getByRole('button', { name: 'Back to the reply' }).click()
  await isInView('the answer')
  expect(seat.complaints).toEqual([])
})
