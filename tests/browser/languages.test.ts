import { expect, test } from 'vitest'
import { testPassword } from '../support/chat.ts'
import { until } from '../support/until.ts'
import { stage } from './support/stage.ts'

const on = stage()

/** Somebody with one unread message, at the sign-in. */
async function visitor(locale: string) {
  const [anna, ben] = await on.chat.newPeople('Anna', 'Ben')
  const room = await on.chat.group(anna, ben)
  await ben.say(room, 'hola')
  const seat = await on.visitor(anna, { locale })
  const signIn = async () => {
    await seat.page.locator('input[name="username"]').fill(anna.username)
    await seat.page.locator('input[name="password"]').fill(testPassword)
    await seat.page.locator('button[type="submit"]').click()
  }
  const isFetched = (name: string) =>
    seat.page.evaluate((each) => performance.getEntriesByType('resource').some((entry) => entry.name.includes(`/${each}-`)), name)
  return { seat, page: seat.page, room, signIn, isFetched, language: () => seat.page.evaluate(() => document.documentElement.lang) }
}

test('The browser chooses the language, and only that one is fetched', async () => {
  const { page, seat, room, signIn, isFetched, language } = await visitor('es-MX')
  await page.getByRole('button', { name: 'Iniciar sesión' }).waitFor()
  expect([await isFetched('es'), await isFetched('vi')]).toEqual([true, false])
  await signIn()
  await page.getByRole('navigation', { name: 'Chats' }).getByText('1 mensaje sin leer').waitFor({ state: 'attached' })
  await page.evaluate((id) => {
    location.hash = `#/${id}`
  }, room)
  await page.locator('.day', { hasText: 'Hoy' }).waitFor()
  await page.locator('.room-header', { hasText: 'Grupo · 2 personas' }).waitFor()
  const full = await page.locator('.message time').first().getAttribute('title')
  expect(full).toMatch(/lunes|martes|miércoles|jueves|viernes|sábado|domingo/)
  expect(await language()).toBe('es')
  expect(seat.complaints).toEqual([])
})

test('A language without a catalogue gets English, in the words of its first paint', async () => {
  const { page, isFetched, language } = await visitor('fr-FR')
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect([await isFetched('es'), await isFetched('vi'), await language()]).toEqual([false, false, 'en'])
})

test('The language is switched in the page, before and after the sign-in, and stays', async () => {
  const { page, signIn, language } = await visitor('en-GB')
  await page.getByRole('button', { name: 'Español' }).click()
  await page.getByRole('button', { name: 'Iniciar sesión' }).waitFor()
  await signIn()
  await page.getByRole('button', { name: 'Ajustes' }).click()
  await page.getByRole('radio', { name: 'Tiếng Việt' }).check()
  await page.getByRole('dialog', { name: 'Cài đặt' }).waitFor()
  await page.getByRole('navigation', { name: 'Trò chuyện', includeHidden: true }).waitFor({ state: 'attached' })
  await page.reload()
  await page.getByRole('navigation', { name: 'Trò chuyện' }).waitFor()
  expect(await language()).toBe('vi')
  await page.getByRole('button', { name: 'Cài đặt' }).click()
  await page.getByRole('radio', { name: 'Theo trình duyệt' }).check()
  await page.getByRole('dialog', { name: 'Settings' }).waitFor()
})

test('The appearance is chosen in the page, and stays', async () => {
  const { page, signIn } = await visitor('en-GB')
  await signIn()
  const background = () => page.locator('.page').evaluate((it) => getComputedStyle(it).backgroundColor)
  const light = await background()
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('radio', { name: 'Dark' }).check()
  await until(async () => (await background()) !== light)
  await page.reload()
  await page.getByRole('navigation', { name: 'Chats' }).waitFor()
  expect(await background()).not.toBe(light)
})
