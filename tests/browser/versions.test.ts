import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startChat } from '../support/chat.ts'
import { until } from '../support/until.ts'
import { openTab } from './support/browser.ts'
import { keptFiles, pageIsKept } from './support/kept.ts'
import { buildReleases, serveReleases } from './support/releases.ts'
import { stage } from './support/stage.ts'

let releases: Awaited<ReturnType<typeof buildReleases>>
let front: Awaited<ReturnType<typeof serveReleases>>
beforeAll(async () => {
  releases = await buildReleases('Chats of tomorrow')
}, 60_000)
afterAll(() => releases?.remove())

const on = stage(async () => {
  const chat = await startChat()
  front = await serveReleases(chat.url, releases.first)
  const close = async () => {
    await front.close()
    await chat.close()
  }
  return { ...chat, url: front.url, close }
})
beforeEach(() => front.release(releases.first))

/** Anna at a page of the first release, which the browser can open by itself. */
async function kept() {
  const made = await on.opened()
  await pageIsKept(made.seat.page)
  const [version = ''] = Object.keys(await keptFiles(made.seat.page))
  return { ...made, version }
}
type Page = Awaited<ReturnType<typeof kept>>['seat']['page']
const today = (page: Page) => page.getByRole('heading', { name: 'Chats', exact: true })
const tomorrow = (page: Page) => page.getByRole('heading', { name: 'Chats of tomorrow' })
const versions = async (page: Page) => Object.keys(await keptFiles(page))

test('A new release is there with the next reload, and then alone, without a network too', async () => {
  const { seat, version } = await kept()
  front.release(releases.second)
  await seat.page.reload()
  await tomorrow(seat.page).waitFor()
  await until(async () => !(await versions(seat.page)).includes(version) && (await versions(seat.page)).length === 1)
  await seat.line.cut()
  await seat.page.reload()
  await tomorrow(seat.page).waitFor()
  expect(seat.complaints).toEqual([])
})

test('A page of an older release has its own files as long as it is open, though no server has them', async () => {
  const { seat, version } = await kept()
  front.release(releases.second)
  const newer = await openTab(seat.context, `${front.url}/api/chat/`)
  await tomorrow(newer.page).waitFor()
  await until(async () => (await versions(newer.page)).length === 2)
  expect(await versions(newer.page)).toContain(version)
  // The picker is a file of its own, which has not been asked for yet.
  await seat.page.getByRole('button', { name: 'Emoji' }).click()
  await seat.page.getByRole('button', { name: 'grinning face', exact: true }).waitFor()
  await today(seat.page).waitFor()
  await seat.page.close()
  await newer.page.reload()
  await until(async () => (await versions(newer.page)).length === 1)
  expect(await versions(newer.page)).not.toContain(version)
})

test('While servers are being replaced, the worker of one release never keeps the page of another', async () => {
  const { seat, version } = await kept()
  front.release(releases.second, ['worker', 'files'])
  const end = await seat.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready
    const ended = new Promise<string>((resolve) => {
      registration.addEventListener('updatefound', () => {
        const worker = registration.installing
        worker?.addEventListener('statechange', () => worker.state !== 'installed' && resolve(worker.state))
      })
    })
    await registration.update()
    return ended
  })
  expect(end).toBe('redundant')
  await seat.line.cut()
  await seat.page.reload()
  await today(seat.page).waitFor()
  expect(await seat.page.evaluate(() => document.querySelector<HTMLMetaElement>('meta[name="version"]')?.content)).toBe(
    version.split(' ').at(-1),
  )
  await seat.line.mend()
  front.release(releases.second)
  await seat.page.reload()
  await tomorrow(seat.page).waitFor()
})
