import { expect, test } from 'vitest'
import { testPassword } from '../support/chat.ts'
import { until } from '../support/until.ts'
import { composer, message, withState } from './support/browser.ts'
import { focusOf, tabTo } from './support/keys.ts'
import { stage } from './support/stage.ts'

const on = stage()

test('37 All by keyboard: sign in, find a chat, write, change, answer, look around, begin a chat, sign out; the focus is always seen', {
  timeout: 60_000,
}, async () => {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  const room = await on.chat.group(anna, ben)
  await ben.say(room, 'What do you think?')
  const name = (await anna.get(`/api/chat/rooms/${room}/`)).body.display_name as string
  const seat = await on.visitor(anna)
  const { page } = seat
  const { keyboard } = page
  const focused = async () => (await focusOf(page)).name
  const focusBecomes = (expected: string) => until(async () => (await focused()) === expected)

  await focusBecomes('Username')
  await keyboard.type(anna.username)
  await tabTo(page, 'Password')
  await keyboard.type(testPassword)
  await keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Chats' }).locator('.row', { hasText: name }).waitFor()

  await keyboard.press('Control+k')
  await focusBecomes('Go to chat')
  await keyboard.type(name.slice(-12))
  await keyboard.press('Enter')
  await focusBecomes('Write a message')
  await keyboard.type('I agree')
  await keyboard.press('Enter')
  await withState(seat, 'I agree', 'sent').waitFor()

  await keyboard.press('ArrowUp')
  await page.getByText('Edit message').waitFor()
  await keyboard.press('End')
  await keyboard.type(' with you')
  await keyboard.press('Enter')
  await message(seat, 'I agree with you').getByText('edited').waitFor()

  await tabTo(page, 'Message actions', 'Shift+Tab')
  await keyboard.press('Enter')
  await focusBecomes('Reply')
  await keyboard.press('ArrowDown')
  await focusBecomes('Copy text')
  await keyboard.press('Escape')
  await focusBecomes('Message actions')
  await keyboard.press('Enter')
  await focusBecomes('Reply')
  await keyboard.press('Enter')
  await focusBecomes('Write a message')
  await keyboard.type('and more')
  await keyboard.press('Enter')
  await withState(seat, 'and more', 'sent').locator('.quote').waitFor()

  await tabTo(page, 'Details', 'Shift+Tab')
  await keyboard.press('Enter')
  await page.locator('.details .person').first().waitFor()
  await keyboard.press('Escape')
  await focusBecomes('Details')
  await keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await keyboard.press('Escape')
  await focusBecomes('Details')

  await tabTo(page, 'New chat', 'Shift+Tab')
  await keyboard.press('Enter')
  await focusBecomes('Find a person')
  await keyboard.type(cleo.username.slice(0, 8))
  await page.getByRole('dialog').getByRole('button', { name: 'Cleo Test' }).first().waitFor()
  await tabTo(page, 'Cleo Test')
  await keyboard.press('Enter')
  await page.locator('.room-header', { hasText: 'Cleo Test' }).waitFor()
  await focusBecomes('Write a message')

  await tabTo(page, 'Sign out', 'Shift+Tab')
  await keyboard.press('Enter')
  await focusBecomes('Username')
  expect(await composer(seat).count()).toBe(0)
  expect(seat.complaints).toEqual([])
})
