import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { startChat } from '../support/chat.ts'
import type { Person } from '../support/person.ts'
import { pdf, png } from '../support/sample-files.ts'
import { until } from '../support/until.ts'
import { composer, enter, message, type Seat, withState } from './support/browser.ts'
import { openFront } from './support/front.ts'
import { stage } from './support/stage.ts'

const on = stage(startBehindFront)
/** The service behind a network that a test may slow down and cut. */
async function startBehindFront() {
  const chat = await startChat()
  const front = await openFront(Number(new URL(chat.url).port))
  const close = async () => {
    await front.close()
    await chat.close()
  }
  return { ...chat, url: front.url, front, close }
}

const largePdf = (bytes: number) => Buffer.concat([pdf, Buffer.alloc(bytes - pdf.length, ' ')])

async function choose(page: Page, button: string, ...files: { name: string; buffer: Buffer }[]) {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: button }).click()
  await (await chooser).setFiles(files.map((file) => ({ ...file, mimeType: 'application/octet-stream' })))
}
/** A DataTransfer with one file in it, as a drag or the clipboard has it. */
const transferOf = ({ page }: Seat, name: string) =>
  page.evaluateHandle(
    ([bytes, fileName]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(bytes)], fileName))
      return transfer
    },
    [[...png], name] as const,
  )
async function sendPicture(person: Person, room: string, name: string) {
  const form = new FormData()
  form.set('room', room)
  form.set('attachment', new Blob([new Uint8Array(png)]), name)
  return (await person.post('/api/chat/messages/', form)).body
}
const stored = async (person: Person, room: string) =>
  (await person.get(`/api/chat/messages/?room=${room}&ordering=created_at`)).body.results as {
    content: string
    attachment_name: string | null
  }[]

test('29 By button, drag (with a drop frame) and paste; name, size, and removal before sending', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  const tray = seat.page.locator('.tray')
  await choose(seat.page, 'Attach a file', { name: 'plan.pdf', buffer: largePdf(2_000) }, { name: 'not this.pdf', buffer: pdf })
  await tray.getByText('plan.pdf').waitFor()
  await tray.getByText('2 kB').waitFor()
  await tray.getByRole('button', { name: 'Remove not this.pdf' }).click()
  await composer(seat).fill('the plan')
  await composer(seat).press('Enter')
  await message(other, 'plan.pdf').getByText('the plan').waitFor()

  const conversation = seat.page.locator('.conversation')
  const dragged = await transferOf(seat, 'dragged.png')
  await conversation.dispatchEvent('dragenter', { dataTransfer: dragged })
  await seat.page.getByText('Drop files to attach them').waitFor()
  await conversation.dispatchEvent('drop', { dataTransfer: dragged })
  await seat.page.getByText('Drop files to attach them').waitFor({ state: 'detached' })
  await tray.getByText('dragged.png').waitFor()
  await composer(seat).evaluate(
    (area, clipboardData) => area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })),
    await transferOf(seat, 'pasted.png'),
  )
  await tray.getByText('pasted.png').waitFor()
  await composer(seat).press('Enter')
  for (const name of ['dragged.png', 'pasted.png']) await other.page.getByRole('button', { name: `Show ${name}` }).waitFor()
  expect((await stored(ben, room)).map(({ attachment_name }) => attachment_name)).toEqual(['plan.pdf', 'dragged.png', 'pasted.png'])
  expect(await tray.count()).toBe(0)
  expect(seat.complaints).toEqual([])
})

test('29 The camera on phones', async () => {
  const { seat, room, ben } = await on.opened({ touch: true, size: { width: 360, height: 740 } })
  expect(await seat.page.locator('input[capture="environment"]').getAttribute('accept')).toBe('image/jpeg,image/png,image/gif')
  await choose(seat.page, 'Take a photo', { name: 'photo.png', buffer: png })
  await seat.page.locator('.tray').getByText('photo.png').waitFor()
  await seat.page.getByRole('button', { name: 'Send' }).click()
  await until(async () => (await stored(ben, room)).some(({ attachment_name }) => attachment_name === 'photo.png'))
  const desk = await on.seat(ben, { at: `#/${room}` })
  await desk.page.getByRole('button', { name: 'Attach a file' }).waitFor()
  expect(await desk.page.getByRole('button', { name: 'Take a photo' }).count()).toBe(0)
})

test('29 Wrong type or size is told before upload', async () => {
  const { seat, room, ben } = await on.opened()
  const posted: string[] = []
  seat.page.on('request', (request) => request.method() === 'POST' && posted.push(request.url()))
  await choose(
    seat.page,
    'Attach a file',
    { name: 'tool.exe', buffer: Buffer.from('MZ') },
    { name: 'nothing.png', buffer: Buffer.alloc(0) },
  )
  const alerts = seat.page.getByRole('alert')
  await until(async () => (await alerts.count()) === 2)
  expect(await alerts.allInnerTexts()).toEqual([
    'tool.exe cannot be sent. Possible: JPG, PNG, GIF, PDF, Word and Excel.',
    'nothing.png is empty.',
  ])
  await paste(seat, 'film.pdf', 25 * 1024 * 1024 + 1)
  await seat.page.getByText('film.pdf is larger than 25 MB.').waitFor()
  expect(await seat.page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
  expect(posted.filter((url) => url.endsWith('/api/chat/messages/'))).toEqual([])
  expect(await stored(ben, room)).toEqual([])
})

/** Makes a file in the page and pastes it. */
const paste = (seat: Seat, name: string, bytes: number) =>
  composer(seat).evaluate(
    (area, [fileName, size]) => {
      const clipboardData = new DataTransfer()
      clipboardData.items.add(new File(['%PDF-1.4\n', new Uint8Array(size - 9)], fileName))
      area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    },
    [name, bytes] as const,
  )
const hasBegun = ({ page }: Seat) =>
  page.waitForFunction(() => (document.querySelector<HTMLProgressElement>('.message progress')?.value ?? 0) > 0)

test('29 Progress and cancel on a slow network', async () => {
  const { seat, room, ben } = await on.opened()
  on.chat.front.slowDown(200_000)
  await paste(seat, 'slow.pdf', 20_000_000)
  await composer(seat).press('Enter')
  await hasBegun(seat)
  await message(seat, 'slow.pdf')
    .getByText(/ of 20 MB/)
    .waitFor()
  await message(seat, 'slow.pdf').getByRole('button', { name: 'Cancel' }).click()
  await message(seat, 'slow.pdf').waitFor({ state: 'detached' })
  on.chat.front.mend()
  await paste(seat, 'after.pdf', 1_000)
  await composer(seat).press('Enter')
  await withState(seat, 'after.pdf', 'sent').waitFor()
  expect((await stored(ben, room)).map(({ attachment_name }) => attachment_name)).toEqual(['after.pdf'])
})

test('31 A cut upload can be retried; the message goes only when the file is safe', async () => {
  const { seat, room, ben } = await on.opened()
  on.chat.front.slowDown(200_000)
  await paste(seat, 'cut.pdf', 20_000_000)
  await composer(seat).fill('with a text')
  await composer(seat).press('Enter')
  await hasBegun(seat)
  on.chat.front.cut()
  const failed = withState(seat, 'cut.pdf', 'failed')
  await failed.getByRole('alert').waitFor()
  expect(await stored(ben, room)).toEqual([])
  on.chat.front.mend()
  await failed.getByRole('button', { name: 'Retry' }).click()
  await withState(seat, 'cut.pdf', 'sent').waitFor({ timeout: 20_000 })
  expect(await stored(ben, room)).toMatchObject([{ attachment_name: 'cut.pdf', content: 'with a text' }])
  expect(await message(seat, 'cut.pdf').count()).toBe(1)
}, 60_000)

/** Keeps pictures from arriving until what it gives is called. */
async function holdPictures({ context }: Seat): Promise<() => void> {
  let letThrough = () => {}
  const held = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  await context.route(/\/attachments?\//, async (route) => {
    await held
    await route.continue()
  })
  return letThrough
}

test('30 Images keep their space; a lightbox with arrows and Esc', async () => {
  const { anna, ben, room } = await on.group()
  for (const name of ['first.png', 'second.png', 'third.png']) await sendPicture(ben, room, name)
  await ben.say(room, 'below the pictures')
  const seat = await on.seat(anna)
  const letThrough = await holdPictures(seat)
  await enter(seat, room)
  await message(seat, 'below the pictures').waitFor()
  const images = seat.page.locator('.picture img')
  await until(async () => (await images.count()) === 3)
  const places = () => seat.page.locator('.message').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().y))
  const before = await places()
  expect(await images.evaluateAll((all) => all.map((image) => (image as HTMLImageElement).naturalWidth))).toEqual([0, 0, 0])
  letThrough()
  await until(async () => (await images.evaluateAll((all) => all.every((image) => (image as HTMLImageElement).naturalWidth > 0))) === true)
  expect(await places()).toEqual(before)

  const opener = seat.page.getByRole('button', { name: 'Show second.png' })
  await opener.click()
  const box = seat.page.getByRole('dialog')
  await box.getByRole('img', { name: 'second.png' }).waitFor()
  await seat.page.keyboard.press('ArrowRight')
  await box.getByRole('img', { name: 'third.png' }).waitFor()
  await seat.page.keyboard.press('ArrowLeft')
  await box.getByRole('img', { name: 'second.png' }).waitFor()
  await seat.page.keyboard.press('ArrowLeft')
  await box.getByRole('img', { name: 'first.png' }).waitFor()
  await seat.page.keyboard.press('Escape')
  await box.waitFor({ state: 'detached' })
  expect(await opener.evaluate((button) => button === document.activeElement)).toBe(true)
  expect(seat.complaints).toEqual([])
})

test('12 The message in view stays also when images above it load late', async () => {
  const { anna, ben, room } = await on.group()
  for (let number = 1; number <= 20; number += 1) await ben.say(room, `before ${number}.`)
  for (const name of ['one.png', 'two.png']) await sendPicture(ben, room, name)
  for (let number = 1; number <= 8; number += 1) await ben.say(room, `after ${number}.`)
  await anna.post(`/api/chat/rooms/${room}/mark_read/`)
  const seat = await on.seat(anna)
  const letThrough = await holdPictures(seat)
  await enter(seat, room)
  await message(seat, 'after 8.').waitFor()
  const images = seat.page.locator('.picture img')
  await until(async () => (await images.count()) === 2)
  const place = async () => (await message(seat, 'after 1.').boundingBox())?.y ?? Number.NaN
  const before = await place()
  letThrough()
  await until(async () => (await images.evaluateAll((all) => all.every((image) => (image as HTMLImageElement).naturalWidth > 0))) === true)
  expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(2)
})

test('27 The file of a deleted message stops opening', async () => {
  const { seat, room, ben, anna } = await on.opened()
  const { id } = await sendPicture(ben, room, 'soon gone.png')
  await seat.page.getByRole('button', { name: 'Show soon gone.png' }).waitFor()
  const link = (await anna.get(`/api/chat/messages/${id}/`)).body.attachment as string
  expect((await fetch(link)).status).toBe(200)
  await ben.delete(`/api/chat/messages/${id}/`)
  await seat.page.locator('.tombstone').waitFor()
  expect(await seat.page.locator('.picture').count()).toBe(0)
  expect((await fetch(link)).status).toBeGreaterThanOrEqual(400)
})
