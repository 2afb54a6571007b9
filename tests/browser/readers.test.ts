import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { composer, message, withState, write } from './support/browser.ts'
import { focusOf } from './support/keys.ts'
import { stage } from './support/stage.ts'

const on = stage()

test('37 Dialogs and panels give the focus back to what opened them', async () => {
  const { seat, room, ben } = await on.opened()
  const { page } = seat
  await ben.say(room, 'hello')
  await message(seat, 'hello').waitFor()
  const focusIs = (name: string) => until(async () => (await focusOf(page)).name === name)
  await composer(seat).focus()
  await page.keyboard.press('Control+k')
  await page.getByRole('listbox').waitFor()
  await page.keyboard.press('Escape')
  await focusIs('Write a message')
  for (const [button, panel] of [
    ['Details', 'Details'],
    ['Search in this chat', 'Search'],
  ] as const) {
    await page.getByRole('button', { name: button }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: panel }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary', { name: panel }).waitFor({ state: 'detached' })
    await focusIs(button)
  }
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await page.keyboard.press('Escape')
  await focusIs('Search in this chat')
})

test('38 New messages of the open room are announced once in a polite live region; history, own messages and typing are not', async () => {
  const { seat, room, anna, ben } = await on.openedHistory(3)
  const elsewhere = await on.chat.group(anna, ben)
  await message(seat, 'message 3.').waitFor()
  const region = seat.page.locator('[aria-live="polite"][data-announcer]')
  expect(await region.textContent()).toBe('')
  await seat.page.evaluate(() => {
    const said: string[] = []
    Object.assign(window, { said })
    const announcer = document.querySelector('[data-announcer]')
    if (announcer)
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const added of addedNodes) said.push(added.textContent ?? '')
      }).observe(announcer, { childList: true, subtree: true, characterData: true })
  })
  await write(seat, 'my own')
  await withState(seat, 'my own', 'sent').waitFor()
  ;(await ben.connect(room)).send({ type: 'typing', is_typing: true })
  await seat.page.getByText('Ben Test is typing…').waitFor()
  await ben.say(elsewhere, 'in another room')
  await seat.page.locator('.row', { hasText: 'in another room' }).waitFor()
  // Together: they come in one frame of the screen.
  await Promise.all(['first news', 'second news', 'third news'].map((text) => ben.say(room, text)))
  await message(seat, 'third news').waitFor()
  const said = () => seat.page.evaluate(() => (window as unknown as { said: string[] }).said)
  await until(async () => (await said()).length === 3)
  const stored: { content: string }[] = (await ben.get(`/api/chat/messages/?room=${room}&ordering=created_at`)).body.results
  const inOrder = stored.filter(({ content }) => content.endsWith('news')).map(({ content }) => `Ben Test: ${content}`)
  expect(await said()).toEqual(inOrder)
  expect(inOrder).toHaveLength(3)
  const live = await seat.page.locator('.messages').getAttribute('aria-live')
  expect(live).toBe('off')
})

test('40 Direction per message', async () => {
  const { seat, room, ben } = await on.opened()
  await ben.say(room, 'שלום עולם')
  await ben.say(room, 'from left to right')
  const direction = (text: string) => seat.page.locator('.text', { hasText: text }).evaluate((span) => getComputedStyle(span).direction)
  await message(seat, 'from left to right').waitFor()
  expect(await direction('שלום')).toBe('rtl')
  expect(await direction('from left')).toBe('ltr')
})
