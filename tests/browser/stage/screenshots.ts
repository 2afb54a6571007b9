import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { fillStage, gatherTeam } from './content.ts'
import { openStage, stagePassword } from './open.ts'

const folder =
  process.argv.slice(2).find((word) => !word.startsWith('--')) ?? fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url))
/** Beside what the documentation shows: states that one has to look at after a change of the looks. */
const isAll = process.argv.includes('--all')

const desktop = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }
const narrow = { width: 320, height: 640 }

const stage = await openStage()
try {
  await mkdir(folder, { recursive: true })
  const team = await gatherTeam(stage)
  const rooms = await fillStage(stage, team)
  for (const colorScheme of ['light', 'dark'] as const) {
    await takeDesktop(colorScheme, rooms)
    await takePhone(colorScheme, rooms)
  }
  if (isAll) await takeOthers(rooms)
} finally {
  await stage.close()
}

type Rooms = Awaited<ReturnType<typeof fillStage>>
type Look = { size: typeof desktop; touch?: boolean; colorScheme?: 'light' | 'dark'; forced?: boolean; locale?: string; name: string }

async function open({ size, touch = false, colorScheme = 'light', forced = false, locale = 'en-GB', name }: Look) {
  const context = await stage.browser.newContext({
    ...{
      viewport: size,
      hasTouch: touch,
      isMobile: touch,
      colorScheme,
      locale,
      reducedMotion: 'reduce',
      deviceScaleFactor: touch ? 2 : 1.5,
    },
    ...(forced ? { forcedColors: 'active' } : {}),
  })
  const page = await context.newPage()
  const shoot = async (what: string) => {
    await settle(page)
    await page.screenshot({ path: join(folder, `${name}-${what}.png`) })
  }
  return { context, page, shoot }
}

async function signedIn(look: Look) {
  const opened = await open(look)
  const { page } = opened
  await page.goto(`${stage.url}/api/chat/`)
  await page.locator('input[name="username"]').fill('alice')
  await page.locator('input[name="password"]').fill(stagePassword)
  await page.locator('button[type="submit"]').click()
  await page.locator('.rows .row').first().waitFor()
  return opened
}

/** Pictures are there, and nothing waits to be drawn. */
async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => [...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0))
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

async function enter(page: Page, room: string): Promise<void> {
  await page.evaluate((id) => {
    location.hash = `#/${id}`
  }, room)
  await page.locator('.messages[role="log"]').waitFor()
  await page.locator('.message').last().waitFor()
}

/** From the first unread message to the last. */
async function toEnd(page: Page): Promise<void> {
  await page.locator('.messages').hover()
  while ((await page.locator('.messages').evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop)) > 1)
    await page.mouse.wheel(0, 400)
  await page.mouse.move(0, 0)
}

async function takeDesktop(colorScheme: 'light' | 'dark', rooms: Rooms): Promise<void> {
  const { context, page, shoot } = await signedIn({ size: desktop, colorScheme, name: `desktop-${colorScheme}` })
  await enter(page, rooms.turnover)
  await toEnd(page)
  await shoot('room')
  await page.getByRole('button', { name: 'Details' }).click()
  await page.locator('.details .entry').first().waitFor()
  await shoot('details')
  if (isAll) {
    await page.getByRole('button', { name: 'Search in this chat' }).click()
    await page.getByRole('searchbox', { name: 'Search messages' }).fill('key')
    await page.locator('.hit').first().waitFor()
    await shoot('search')
    await page.locator('.picture').first().click()
    await page.locator('.lightbox img').waitFor()
    await shoot('lightbox')
    await page.keyboard.press('Escape')
    for (const [button, what] of [['New chat', 'new-chat']] as const) {
      await page.getByRole('button', { name: button }).click()
      await page.locator('dialog .entry').first().waitFor()
      await shoot(what)
      await page.getByRole('button', { name: 'Group', exact: true }).click()
      await page.locator('dialog .entry').nth(1).click()
      await page.locator('dialog .entry').nth(3).click()
      await shoot('new-group')
      await page.getByRole('button', { name: 'Task', exact: true }).click()
      await settle(page)
      await shoot('new-task')
      await page.keyboard.press('Escape')
    }
    await enter(page, rooms.arabic)
    await shoot('right-to-left')
    await enter(page, rooms.archived)
    await shoot('archived')
  }
  await context.close()
}

async function takePhone(colorScheme: 'light' | 'dark', rooms: Rooms): Promise<void> {
  const { context, page, shoot } = await signedIn({ size: phone, touch: true, colorScheme, name: `phone-${colorScheme}` })
  await shoot('list')
  await enter(page, rooms.turnover)
  await shoot('room')
  if (isAll) {
    await page.getByRole('button', { name: 'Details' }).click()
    await page.locator('.details .person').first().waitFor()
    await shoot('details')
  }
  await context.close()
}

async function takeOthers(rooms: Rooms): Promise<void> {
  const signIn = await open({ size: desktop, name: 'sign-in' })
  await signIn.page.goto(`${stage.url}/api/chat/`)
  await signIn.page.locator('input[name="username"]').fill('alice')
  await signIn.page.locator('input[name="password"]').fill('wrong')
  await signIn.page.locator('button[type="submit"]').click()
  await signIn.page.locator('.problem:not(:empty)').waitFor()
  await signIn.shoot('wrong')
  await signIn.context.close()

  const forced = await signedIn({ size: desktop, forced: true, colorScheme: 'dark', name: 'forced' })
  await enter(forced.page, rooms.turnover)
  await forced.shoot('room')
  await forced.context.close()

  const small = await signedIn({ size: narrow, touch: true, name: 'narrow' })
  await small.shoot('list')
  await enter(small.page, rooms.turnover)
  await small.shoot('room')
  await small.page.getByRole('button', { name: 'Back to chats' }).click()
  await small.page.getByRole('button', { name: 'New chat' }).click()
  await small.page.locator('dialog .entry').first().waitFor()
  await small.shoot('new-chat')
  await small.context.close()

  const large = await signedIn({ size: desktop, name: 'large-text' })
  await large.page.evaluate(() => {
    document.documentElement.style.fontSize = '200%'
  })
  await enter(large.page, rooms.turnover)
  await large.shoot('room')
  await large.context.close()
  const largePhone = await signedIn({ size: phone, touch: true, name: 'large-text-phone' })
  await largePhone.page.evaluate(() => {
    document.documentElement.style.fontSize = '200%'
  })
  await largePhone.shoot('list')
  await enter(largePhone.page, rooms.turnover)
  await largePhone.shoot('room')
  await largePhone.context.close()
}
