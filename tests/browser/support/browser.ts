import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { testPassword } from '../../support/chat.ts'
import type { Person } from '../../support/person.ts'
import { type Line, routeLine } from './line.ts'

type Size = { width: number; height: number }
export type SeatOptions = { size?: Size; touch?: boolean; at?: string; colorScheme?: 'light' | 'dark'; locale?: string }

/** Somebody's browser with the chatbox open in it. `complaints` are errors of the page and refusals of its content policy. */
export type Seat = { page: Page; context: BrowserContext; line: Line; complaints: string[]; person: Person }

/** One Chromium for a test file; each seat has a browser profile of its own. */
export async function startBrowser(url: () => string) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

  /** Somebody before the page, not signed in. */
  async function visitor(person: Person, options: SeatOptions = {}): Promise<Seat> {
    const { size = { width: 1280, height: 800 }, touch = false, at = '', colorScheme = 'light', locale = 'en-GB' } = options
    const look = { viewport: size, hasTouch: touch, isMobile: touch, colorScheme, locale }
    const context = await browser.newContext({ ...look, reducedMotion: 'reduce' })
    const line = await routeLine(context)
    return { context, line, person, ...(await openTab(context, `${url()}/api/chat/${at}`)) }
  }
  async function seat(person: Person, options: SeatOptions = {}): Promise<Seat> {
    const made = await visitor(person, options)
    await signIn(made.page, person)
    return made
  }
  return { visitor, seat, close: () => browser.close() }
}

/** Another tab of the same profile. */
export async function openTab(context: BrowserContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.setDefaultTimeout(10_000)
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints }
}

export async function signIn(page: Page, person: Pick<Person, 'username'>): Promise<void> {
  await page.getByLabel('Username').fill(person.username)
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Chats' }).waitFor()
}

/** Goes into a room by its address and waits until it can be written in. */
export async function enter({ page }: Pick<Seat, 'page'>, room: string): Promise<void> {
  await page.evaluate((id) => {
    location.hash = `#/${id}`
  }, room)
  await page.locator('.messages[role="log"]').waitFor()
}

export async function write({ page }: Pick<Seat, 'page'>, text: string): Promise<void> {
  await composer({ page }).fill(text)
  await composer({ page }).press('Enter')
}

export const composer = ({ page }: Pick<Seat, 'page'>) => page.getByRole('textbox', { name: 'Write a message' })
/** A message by its text. */
export const message = ({ page }: Pick<Seat, 'page'>, text: string) => page.locator('.message', { hasText: text })
export const withState = ({ page }: Pick<Seat, 'page'>, text: string, state: string) =>
  page.locator(`.message[data-delivery="${state}"]`, { hasText: text })
/** Texts of the messages that are drawn, from old to new. */
export const texts = ({ page }: Pick<Seat, 'page'>) => page.locator('.message .text').allInnerTexts()

/** How far the end of the list is below its window, in pixels. */
export const below = ({ page }: Pick<Seat, 'page'>) =>
  page.locator('.messages').evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop)

/** Unread messages of a room as the server has them. */
export async function unreadOf(person: Person, room: string): Promise<number> {
  return (await person.get(`/api/chat/rooms/${room}/`)).body.unread_count
}
