import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChat, type TestChat, testPassword } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { until } from '../support/until.ts'
import { message, openTab, startBrowser, texts } from './support/browser.ts'
import { serveForeignPage } from './support/foreign.ts'

let chat: TestChat
let browser: Awaited<ReturnType<typeof startBrowser>>
let foreign: Awaited<ReturnType<typeof serveForeignPage>>
let html = ''
beforeAll(async () => {
  foreign = await serveForeignPage(() => html)
  chat = await startChat({ env: { ALLOWED_ORIGINS: foreign.origin } })
  browser = await startBrowser(() => chat.url)
})
afterAll(async () => {
  await browser?.close()
  await chat?.close()
  await foreign?.close()
})

/** The page that the documentation shows, with this service in the place of the one at port 8000. */
const documented = () =>
  readFileSync(new URL('../../docs/embed.html', import.meta.url), 'utf8').replaceAll('http://127.0.0.1:8000', chat.url)
const bare = (attributes = '') =>
  `<!doctype html><style>button{background:red;font-size:40px}</style><button id="own">own</button>
   <script type="module" src="${chat.url}/api/chat/aristay-chat.js"></script><aristay-chat ${attributes}></aristay-chat>`

async function team() {
  const [anna, ben] = await chat.newPeople('Anna', 'Ben')
  return { anna, ben, room: await chat.group(anna, ben) }
}
async function open(person: Person, page: string) {
  html = page
  const { context } = await browser.visitor(person)
  return openTab(context, foreign.origin)
}
type Element = HTMLElement & { token: string | null }

test('A foreign page shows the chat, with the tokens it gives, and messages go both ways', async () => {
  const { anna, ben, room } = await team()
  await ben.say(room, 'from within')
  const { page, complaints } = await open(anna, documented())
  await page.getByLabel('Name', { exact: true }).fill(anna.username)
  await page.getByLabel('Password').fill(testPassword)
  await page.getByRole('button', { name: 'Enter' }).click()
  await until(async () => (await page.locator('#unread').textContent()) === '1')
  await page.locator('.row').first().click()
  await message({ page }, 'from within').waitFor()
  await page.getByRole('textbox', { name: 'Write a message' }).fill('from outside')
  await page.keyboard.press('Enter')
  await page.locator('.message[data-delivery="sent"]', { hasText: 'from outside' }).waitFor()
  await ben.say(room, 'and live')
  await message({ page }, 'and live').waitFor()
  expect(await texts({ page })).toEqual(['from within', 'from outside', 'and live'])
  expect([await page.title(), new URL(page.url()).hash]).toEqual(['Harbour Rentals', ''])
  expect(complaints).toEqual([])
})

test('Neither side’s styles reach the other', async () => {
  const { anna, room } = await team()
  const { page } = await open(anna, bare(`room="${room}"`))
  await page.locator('aristay-chat').evaluate((element, token) => {
    ;(element as Element).token = token
  }, anna.access)
  await page.locator('.composer').waitFor()
  const style = (selector: string) =>
    page.locator(selector).evaluate((element) => {
      const { backgroundColor, fontSize } = getComputedStyle(element)
      return { backgroundColor, fontSize }
    })
  expect(await style('#own')).toEqual({ backgroundColor: 'rgb(255, 0, 0)', fontSize: '40px' })
  const inside = await style('.composer .send')
  expect(inside.backgroundColor).not.toBe('rgb(255, 0, 0)')
  expect(inside.fontSize).toBe('15px')
})

test('`room` shows one room alone, `theme` its colours, and both follow the attributes', async () => {
  const { anna, ben, room } = await team()
  const other = await chat.group(ben, anna)
  await ben.say(room, 'in the first')
  await ben.say(other, 'in the second')
  const { page } = await open(anna, bare(`room="${room}" theme="light"`))
  const element = page.locator('aristay-chat')
  await element.evaluate((it, token) => {
    ;(it as Element).token = token
  }, anna.access)
  await message({ page }, 'in the first').waitFor()
  expect(await page.locator('.rooms').count()).toBe(0)
  const background = () => page.locator('.page').evaluate((it) => getComputedStyle(it).backgroundColor)
  const light = await background()
  await element.evaluate((it) => it.setAttribute('theme', 'dark'))
  await until(async () => (await background()) !== light)
  await element.evaluate((it, id) => it.setAttribute('room', id), other)
  await message({ page }, 'in the second').waitFor()
})

test('It asks for a token when there is none, and ends when the host says that nobody is signed in', async () => {
  const { anna, ben, room } = await team()
  await ben.say(room, 'patience')
  const { page } = await open(anna, bare(`room="${room}"`))
  const element = page.locator('aristay-chat')
  await element.evaluate((it, token) => {
    it.addEventListener('token-needed', () => {
      ;(it as Element).token = token
    })
    // A token that is no token is refused, and another is asked for.
    ;(it as Element).token = 'worthless'
  }, anna.access)
  await message({ page }, 'patience').waitFor()
  await element.evaluate((it) => {
    ;(it as Element).token = null
    it.remove()
    document.body.append(it.cloneNode())
    ;(document.querySelector('aristay-chat') as Element).token = null
  })
  await page.getByText('You are signed out.').waitFor()
})
