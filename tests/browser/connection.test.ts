import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { composer, enter, message, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

async function opened() {
  const { anna, ben, room } = await on.group()
  const said = await ben.say(room, 'before the loss')
  const gone = await ben.say(room, 'soon deleted')
  const seat = await on.seat(anna)
  await enter(seat, room)
  await message(seat, 'soon deleted').waitFor()
  return { anna, ben, room, seat, said, gone }
}

test('32 A calm bar within 5 s of a loss, with the number of waiting messages; afterwards everything missed is there', async () => {
  const { seat, room, ben, said, gone } = await opened()
  const mine = await seat.person.say(room, 'mine, read meanwhile')
  await message(seat, 'mine, read meanwhile').waitFor()
  await seat.line.cut()
  await write(seat, 'waits')
  await seat.page.getByText('Reconnecting… 1 message waiting').waitFor({ timeout: 5_000 })
  await ben.say(room, 'missed')
  await ben.patch(`/api/chat/messages/${said.id}/`, { content: 'changed meanwhile' })
  await ben.delete(`/api/chat/messages/${gone.id}/`)
  await ben.post(`/api/chat/messages/${mine.id}/mark_read/`)
  await seat.line.mend()
  await message(seat, 'missed').waitFor()
  await message(seat, 'changed meanwhile').getByText('edited').waitFor()
  await seat.page.getByText('This message was deleted').waitFor()
  await message(seat, 'mine, read meanwhile').locator('[data-state="read"]').waitFor()
  await withState(seat, 'waits', 'sent').waitFor()
  await seat.page.getByText('Reconnecting…').waitFor({ state: 'detached' })
})

test('32 A blip under 2 s is nobody’s business', async () => {
  const { seat, room, ben } = await opened()
  await seat.page.evaluate(() => {
    new MutationObserver(() => {
      if (document.querySelector('.connection p')) document.body.dataset.told = 'yes'
    }).observe(document.body, { childList: true, subtree: true })
  })
  await seat.line.blip()
  await ben.say(room, 'after the blip')
  await message(seat, 'after the blip').waitFor()
  expect(await seat.page.evaluate(() => document.body.dataset.told)).toBeUndefined()
})

test('33 A reload goes on without signing in; only a real sign-out asks to sign in', async () => {
  const { seat, room, anna, ben } = await opened()
  await composer(seat).fill('a draft that stays')
  await seat.page.reload()
  await message(seat, 'before the loss').waitFor()
  await ben.say(room, 'after the reload')
  await message(seat, 'after the reload').waitFor()
  await until(async () => (await composer(seat).inputValue()) === 'a draft that stays')
  const cookies = await seat.context.cookies(`${on.chat.url}/api/token/refresh/`)
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/api/token/' }])
  await seat.page.getByRole('button', { name: 'Sign out' }).click()
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  await seat.page.reload()
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await seat.context.cookies(`${on.chat.url}/api/token/refresh/`)).toEqual([])
  await until(async () => (await anna.get(`/api/chat/rooms/${room}/`)).status === 200)
  expect(seat.complaints).toEqual([])
})
