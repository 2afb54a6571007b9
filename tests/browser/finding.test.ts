import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { enter, message } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

test('35 Ctrl/Cmd+K: room switcher, unread first', async () => {
  const { seat, room, anna, ben } = await on.opened()
  const [quiet, loud] = [await on.chat.group(anna, ben), await on.chat.group(anna, ben)]
  await anna.patch(`/api/chat/rooms/${quiet}/`, { name: 'Harbour house' })
  await anna.patch(`/api/chat/rooms/${loud}/`, { name: 'Garden loft' })
  await ben.say(loud, 'unread')
  await anna.say(quiet, 'newer than the unread one')
  await seat.page.locator('.row', { hasText: 'newer than the unread one' }).waitFor()
  const options = seat.page.getByRole('option')
  for (const key of ['Control+k', 'Meta+k']) {
    await seat.page.keyboard.press(key)
    await options.first().waitFor()
    expect((await options.allInnerTexts()).map((text) => text.split('\n').find((line) => /house|loft/.test(line))).filter(Boolean)).toEqual(
      ['Garden loft', 'Harbour house'],
    )
    await seat.page.keyboard.press('Escape')
    await options.first().waitFor({ state: 'detached' })
  }
  await seat.page.keyboard.press('Control+k')
  await seat.page.keyboard.press('Enter')
  await message(seat, 'unread').waitFor()
  await seat.page.keyboard.press('Control+k')
  await seat.page.keyboard.type('harb')
  await until(async () => (await options.count()) === 1)
  await seat.page.keyboard.press('Enter')
  await message(seat, 'newer than the unread one').waitFor()
  await seat.page.keyboard.press('Control+k')
  await seat.page.keyboard.press('ArrowDown')
  await seat.page.keyboard.press('ArrowUp')
  await seat.page.keyboard.press('Escape')
  expect(await seat.page.evaluate(() => location.hash)).toBe(`#/${quiet}`)
  expect(room).not.toBe(quiet)
})

test('36 Search as typed, hits highlighted, results kept when a hit was opened and one comes back', async () => {
  const { seat, room, anna, ben, said } = await on.openedHistory(80)
  const other = await on.chat.group(anna, ben)
  await ben.patch(`/api/chat/messages/${said[4]?.id}/`, { content: 'the boiler is cold' })
  await ben.say(other, 'a new boiler comes on Friday')
  await until(async () => (await anna.get('/api/chat/messages/search/?q=boiler')).body.count === 2)
  await seat.page.getByRole('button', { name: 'Search messages' }).click()
  const panel = seat.page.getByRole('complementary', { name: 'Search' })
  await panel.getByRole('searchbox').pressSequentially('boil')
  await panel.getByText('2 messages').waitFor()
  expect(await panel.locator('mark').allInnerTexts()).toEqual([expect.stringMatching(/^boil/), expect.stringMatching(/^boil/)])
  await panel.getByRole('searchbox').pressSequentially('er')
  await until(async () => (await panel.locator('mark').allInnerTexts()).join() === 'boiler,boiler')
  await panel.getByText('the boiler is cold').click()
  await seat.page.locator('.message', { hasText: 'the boiler is cold' }).waitFor()
  await seat.page.waitForURL(`**/#/${room}/${said[4]?.id}`)
  expect(await panel.locator('.hit').count()).toBe(2)
  await panel.getByText('a new boiler comes on Friday').click()
  await message(seat, 'a new boiler comes on Friday').waitFor()
  expect(await panel.locator('.hit').count()).toBe(2)
  await panel.getByRole('button', { name: 'Close' }).click()
  await enter(seat, room)
  await seat.page.getByRole('button', { name: 'Search messages' }).click()
  expect(await panel.getByRole('searchbox').inputValue()).toBe('boiler')
  expect(await panel.locator('.hit').count()).toBe(2)
  expect(seat.complaints).toEqual([])
})
