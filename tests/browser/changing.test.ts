import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat } from '../support/chat.ts'
import { enter, message, startBrowser, write } from './support/browser.ts'

let chat: TestChat
let browser: Awaited<ReturnType<typeof startBrowser>>
beforeAll(async () => {
  chat = await startChat()
  browser = await startBrowser(() => chat)
})
afterAll(async () => {
  await browser?.close()
  await chat?.close()
})

async function opened() {
  const [anna, ben] = await chat.newPeople('Anna', 'Ben')
  const room = await chat.group(anna, ben)
  const seat = await browser.seat(anna)
  await enter(seat, room)
  return { anna, ben, room, seat }
}

test('27 A deleted message becomes a tombstone for all, and 28 quotes of it say so', async () => {
  const { seat, room, ben } = await opened()
  const said = await ben.say(room, 'the original')
  await message(seat, 'the original').hover()
  await message(seat, 'the original').getByRole('button', { name: 'Reply', exact: true }).click()
  await write(seat, 'the answer')
  await message(seat, 'the answer').locator('.quote', { hasText: 'the original' }).waitFor()
  await ben.delete(`/api/chat/messages/${said.id}/`)
  await message(seat, 'the answer').locator('.quote', { hasText: 'This message was deleted' }).waitFor()
  await seat.page.locator('.tombstone').waitFor()
})

test('40 Names and texts can never run as markup, and links open safely', async () => {
  const { seat, room, anna, ben } = await opened()
  const trick = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
  await anna.patch(`/api/chat/rooms/${room}/`, { name: trick })
  await ben.say(room, `${trick} javascript:alert(1) https://example.com/a`)
  await message(seat, trick).waitFor()
  await seat.page.getByRole('heading', { name: trick }).waitFor()
  const links = await message(seat, trick)
    .locator('a')
    .evaluateAll((all) => all.map((link) => `${link.getAttribute('href')} ${link.getAttribute('rel')}`))
  expect(links).toEqual(['https://example.com/a noopener noreferrer nofollow'])
  expect(seat.complaints).toEqual([])
})
