import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { jpeg } from '../support/sample-files.ts'
import { overflows, seriousFaults, smallTargets } from './support/audit.ts'
import { enter, message, type Seat, signIn, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

/** A room with a message of every kind, and another that is unread. */
async function livelyRoom() {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  const room = await on.chat.group(anna, ben, cleo)
  const other = await on.chat.group(ben, anna)
  await ben.say(other, 'somewhere else')
  const first = await ben.say(room, 'Where is the key? https://example.com/key')
  await anna.say(room, 'under the mat', { reply_to: first.id })
  const gone = await ben.say(room, 'a mistake')
  await ben.delete(`/api/chat/messages/${gone.id}/`)
  const changed = await anna.say(room, 'by the dor')
  await anna.patch(`/api/chat/messages/${changed.id}/`, { content: 'by the door' })
  for (const [name, type] of [
    ['terrace.jpg', 'image/jpeg'],
    ['garden.jpg', 'image/jpeg'],
  ] as const) {
    const form = new FormData()
    form.set('room', room)
    form.set('attachment', new Blob([jpeg], { type }), name)
    await ben.post('/api/chat/messages/', form)
  }
  await ben.say(room, 'and so on')
  await anna.post(`/api/chat/rooms/${room}/mark_read/`)
  return { anna, ben, room, other }
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const closeDialog = async (page: Page) => {
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
}

/** Brings the page into each of its states, and looks at it in each. */
async function walk(seat: Seat, room: string, look: (state: string) => Promise<void>): Promise<void> {
  const { page } = seat
  await page.getByRole('navigation', { name: 'Chats' }).locator('.row').first().waitFor()
  await look('list')
  for (const [name, state] of [
    ['New chat', 'new chat'],
    ['Settings', 'settings'],
    ['Keyboard shortcuts', 'help'],
  ] as const) {
    await button(page, name).click()
    await page.getByRole('dialog').waitFor()
    await look(state)
    if (state === 'new chat') {
      await button(page, 'Group').click()
      await page.locator('dialog .entry').first().click()
      await page.locator('dialog .chip').waitFor()
      await look('new group')
    }
    await closeDialog(page)
  }
  await page.keyboard.press('Control+k')
  await page.locator('dialog .entry').first().waitFor()
  await look('switcher')
  await closeDialog(page)

  await enter(seat, room)
  await message(seat, 'and so on').waitFor()
  await look('room')
  await message(seat, 'by the door').getByRole('button', { name: 'Message actions' }).click()
  await page.getByRole('menu').waitFor()
  await look('menu')
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').waitFor()
  await look('question')
  await closeDialog(page)
  await message(seat, 'by the door')
    .getByRole('button', { name: /^Read by/ })
    .click()
  await page.getByRole('dialog').waitFor()
  await look('receipts')
  await closeDialog(page)
  await button(page, 'Show garden.jpg').click()
  await page.getByRole('dialog').waitFor()
  await look('lightbox')
  await closeDialog(page)
  await button(page, 'Details').click()
  await page.locator('.details .person').first().waitFor()
  await look('details')
  await button(page, 'Close').click()
  await button(page, 'Search in this chat').click()
  await page.getByRole('searchbox', { name: 'Search messages' }).fill('key')
  await page.locator('.hit').first().waitFor()
  await look('search')
  await button(page, 'Close').click()
}

for (const colorScheme of ['light', 'dark'] as const)
  test(`39 axe finds nothing serious on any state of the page, ${colorScheme}`, { timeout: 90_000 }, async () => {
    const { anna, room } = await livelyRoom()
    const seat = await on.visitor(anna, { colorScheme })
    const { page } = seat
    const found: Record<string, string[]> = {}
    const look = async (state: string) => {
      found[state] = await seriousFaults(page)
    }
    await look('sign-in')
    await button(page, 'Sign in').click()
    await page.getByRole('alert').filter({ hasText: 'Enter your username' }).waitFor()
    await look('sign-in, wrong')
    await signIn(page, anna)
    await walk(seat, room, look)
    await seat.line.cut()
    await write(seat, 'into nowhere')
    await page.getByText('Reconnecting…').waitFor()
    await look('offline')
    await seat.line.mend()
    await page.evaluate(() => {
      location.hash = '#/00000000-0000-4000-8000-000000000000'
    })
    await page.getByText('You are not in this chat').waitFor()
    await look('no such room')
    expect(Object.entries(found).filter(([, faults]) => faults.length > 0)).toEqual([])
    expect(Object.keys(found)).toHaveLength(17)
  })

test('39 Touch targets are 44 px on a phone', { timeout: 60_000 }, async () => {
  const { anna, room } = await livelyRoom()
  const seat = await on.visitor(anna, { touch: true, size: { width: 390, height: 844 } })
  const found: string[] = []
  const look = async (state: string) => {
    found.push(...(await smallTargets(seat.page)).map((each) => `${state}: ${each}`))
  }
  await look('sign-in')
  await signIn(seat.page, anna)
  await walkPhone(seat, room, look)
  expect(found).toEqual([])
})

test.each([
  ['320 px width', 320, '100%'],
  ['200 % text on a phone', 390, '200%'],
  ['200 % text on a desktop', 1280, '200%'],
])('39 %s loses nothing', { timeout: 60_000 }, async (_name, width, fontSize) => {
  const { anna, room } = await livelyRoom()
  const seat = await on.visitor(anna, { size: { width, height: 640 } })
  await seat.page.evaluate((size) => {
    document.documentElement.style.fontSize = size
  }, fontSize)
  const found: string[] = []
  const look = async (state: string) => {
    found.push(...(await overflows(seat.page)).map((each) => `${state}: ${each}`))
  }
  await look('sign-in')
  await signIn(seat.page, anna)
  await walkPhone(seat, room, look)
  expect(found).toEqual([])
})

/** The states that lay themselves out by the width; goes back to the list in between where there is no room for both. */
async function walkPhone(seat: Seat, room: string, look: (state: string) => Promise<void>): Promise<void> {
  const { page } = seat
  await page.locator('.rows .row').first().waitFor()
  await look('list')
  await button(page, 'New chat').click()
  await button(page, 'Group').click()
  await page.locator('dialog .entry').first().click()
  await page.locator('dialog .chip').waitFor()
  await look('new group')
  await closeDialog(page)
  await button(page, 'Settings').click()
  await look('settings')
  await closeDialog(page)
  await enter(seat, room)
  await message(seat, 'and so on').waitFor()
  await look('room')
  await message(seat, 'by the door').getByRole('button', { name: 'Message actions' }).click()
  await page.getByRole('menu').waitFor()
  await look('menu')
  await page.keyboard.press('Escape')
  await button(page, 'Details').click()
  await page.locator('.details .person').first().waitFor()
  await look('details')
  await button(page, 'Close').click()
  await button(page, 'Search in this chat').click()
  await page.getByRole('searchbox', { name: 'Search messages' }).fill('key')
  await page.locator('.hit').first().waitFor()
  await look('search')
}

test('39 Motion is only where it is wanted', async () => {
  const { anna, room } = await livelyRoom()
  const seat = await on.seat(anna, { at: `#/${room}` })
  await message(seat, 'and so on').waitFor()
  const moving = () => seat.page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length)
  await seat.line.cut()
  await seat.page.getByText('Reconnecting…').waitFor()
  await seat.page.waitForFunction(() => document.querySelector('.spinner') !== null)
  expect(await seat.page.locator('.spinner').evaluate((spinner) => getComputedStyle(spinner).animationDuration)).toBe('1e-05s')
  await seat.page.emulateMedia({ reducedMotion: 'no-preference' })
  expect(await moving()).toBeGreaterThan(0)
})
