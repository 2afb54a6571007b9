import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { composer, enter, message, openTab, type Seat, signIn, texts, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

const contents = async ({ room, ben }: { room: string; ben: Seat['person'] }) => {
  const { body } = await ben.get(`/api/chat/messages/?room=${room}&ordering=created_at`)
  return body.results.map(({ content }: { content: string }) => content) as string[]
}

test('1 A message shows at once at the bottom, marked pending', async () => {
  const { seat } = await on.opened()
  seat.line.lose = ({ type }) => type === 'ack' || type === 'chat_message'
  await composer(seat).fill('at once')
  const milliseconds = await seat.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const began = performance.now()
        const look = () => {
          const all = [...document.querySelectorAll('.message')]
          if (all.at(-1)?.textContent?.includes('at once')) resolve(performance.now() - began)
        }
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
        const key = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })
        document.querySelector('.composer textarea')?.dispatchEvent(key)
      }),
  )
  expect(milliseconds).toBeLessThan(50)
  await withState(seat, 'at once', 'sending').waitFor()
})

test('2 On ack the mark turns to sent; the bubble does not move or change height', async () => {
  const { seat } = await on.opened()
  seat.line.lose = ({ type }) => type === 'ack' || type === 'chat_message'
  await write(seat, 'still here')
  await withState(seat, 'still here', 'sending').waitFor()
  const bubble = message(seat, 'still here').locator('.bubble')
  const before = await bubble.boundingBox()
  const node = await bubble.elementHandle()
  seat.line.lose = () => false
  await seat.line.blip()
  await withState(seat, 'still here', 'sent').waitFor()
  await message(seat, 'still here').locator('[data-state="sent"]').waitFor()
  expect(await bubble.boundingBox()).toEqual(before)
  expect(await node?.evaluate((element) => element.isConnected)).toBe(true)
})

test('3 A refusal makes it failed, with Retry, Edit and Discard; the text is not lost', async () => {
  const { seat, room, anna, ben } = await on.opened()
  await composer(seat).fill('into an archived room')
  seat.line.lose = ({ type }) => type === 'room_updated'
  await anna.post(`/api/chat/rooms/${room}/archive/`)
  await composer(seat).press('Enter')
  const failed = withState(seat, 'into an archived room', 'failed')
  await failed.waitFor()
  for (const name of ['Retry', 'Edit', 'Discard']) expect(await failed.getByRole('button', { name, exact: true }).count()).toBe(1)
  await anna.post(`/api/chat/rooms/${room}/unarchive/`)
  await failed.getByRole('button', { name: 'Retry' }).click()
  await until(async () => (await contents({ room, ben })).includes('into an archived room'))
})

test('4 Retry after a lost ack makes no second message anywhere', async () => {
  const { seat, room, ben } = await on.opened()
  seat.line.lose = ({ type }) => type === 'ack' || type === 'chat_message'
  await write(seat, 'only once')
  await until(async () => (await contents({ room, ben })).length === 1)
  const failed = withState(seat, 'only once', 'failed')
  await failed.waitFor({ timeout: 15_000 })
  seat.line.lose = () => false
  await failed.getByRole('button', { name: 'Retry' }).click()
  await withState(seat, 'only once', 'sent').waitFor()
  expect(await contents({ room, ben })).toEqual(['only once'])
  expect(await texts(seat)).toEqual(['only once'])
})

test('5 Offline, Enter still queues; the queue leaves in order on reconnect and survives a reload', async () => {
  const { seat, room, ben } = await on.opened()
  await seat.line.cut()
  for (const text of ['first', 'second', 'third']) await write(seat, text)
  await message(seat, 'third').waitFor()
  await seat.line.mend()
  await seat.page.reload()
  await until(async () => (await contents({ room, ben })).length === 3)
  expect(await contents({ room, ben })).toEqual(['first', 'second', 'third'])
  await withState(seat, 'third', 'sent').waitFor()
})

test('6 Two quick messages keep their order for everyone', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  await write(seat, 'quick one')
  await write(seat, 'quick two')
  await message(other, 'quick two').waitFor()
  expect(await texts(other)).toEqual(['quick one', 'quick two'])
  expect(await texts(seat)).toEqual(['quick one', 'quick two'])
})

test("7 The server's order wins: a pending message moves to its place", async () => {
  const { seat, room, ben } = await on.opened()
  await seat.line.cut()
  await write(seat, 'written first, stored last')
  await ben.say(room, 'stored first')
  await seat.line.mend()
  await withState(seat, 'written first, stored last', 'sent').waitFor()
  await message(seat, 'stored first').waitFor()
  expect(await texts(seat)).toEqual(['stored first', 'written first, stored last'])
})

test('8 Enter sends, Shift+Enter breaks the line, Enter in an IME composition does not send; on touch keyboards Enter breaks the line', async () => {
  const { seat, room, anna } = await on.opened()
  await composer(seat).fill('one')
  await composer(seat).press('Shift+Enter')
  await composer(seat).pressSequentially('two')
  await composer(seat).dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })
  expect(await composer(seat).inputValue()).toBe('one\ntwo')
  await composer(seat).press('Enter')
  await withState(seat, 'one', 'sent').waitFor()
  expect(await texts(seat)).toEqual(['one\ntwo'])
  const phone = await on.seat(anna, { touch: true, size: { width: 360, height: 740 } })
  await enter(phone, room)
  await composer(phone).fill('a')
  await composer(phone).press('Enter')
  expect(await composer(phone).inputValue()).toBe('a\n')
})

test('9 Blank text cannot be sent; the limit shows near its end; too long text is kept, not cut', async () => {
  const { seat } = await on.opened()
  const send = seat.page.getByRole('button', { name: 'Send' })
  await composer(seat).fill(' \n ')
  expect(await send.isDisabled()).toBe(true)
  await composer(seat).fill('x'.repeat(9_900))
  await seat.page.getByText('100 left').waitFor()
  await composer(seat).fill('x'.repeat(10_001))
  await seat.page.getByText('1 too many').waitFor()
  expect(await send.isDisabled()).toBe(true)
  await composer(seat).press('Enter')
  expect((await composer(seat).inputValue()).length).toBe(10_001)
})

test('10 A draft survives room change, reload and sign-out, and shows as "Draft" in the list', async () => {
  const { seat, room, anna, ben } = await on.opened()
  const other = await on.chat.group(anna, ben)
  const draft = `draft ${randomUUID()}`
  await composer(seat).fill(draft)
  await enter(seat, other)
  await seat.page.locator('.row', { hasText: `Draft: ${draft}` }).waitFor()
  await seat.page.reload()
  await seat.page.locator('.row', { hasText: draft }).waitFor()
  await seat.page.getByRole('button', { name: 'Sign out' }).click()
  await signIn(seat.page, anna)
  await enter(seat, room)
  await until(async () => (await composer(seat).inputValue()) === draft)
  expect(seat.complaints).toEqual([])
})

test('2 A long message and one with a link keep their height, too, when the ack comes', async () => {
  const { seat } = await on.opened()
  seat.line.lose = ({ type }) => type === 'ack' || type === 'chat_message'
  const long = `${'a long line that has to be broken '.repeat(12)} https://example.com/a`
  await write(seat, long)
  await withState(seat, 'a long line', 'sending').waitFor()
  const bubble = message(seat, 'a long line').locator('.bubble')
  const before = await bubble.boundingBox()
  seat.line.lose = () => false
  await seat.line.blip()
  await withState(seat, 'a long line', 'sent').waitFor()
  expect(await bubble.boundingBox()).toEqual(before)
})

test('3 No ack in 10 s: failed; Edit changes the text that goes out, Discard takes the message away', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  seat.line.swallow = ({ type }) => type === 'chat_message'
  await write(seat, 'with a mistaek')
  await write(seat, 'not wanted any more')
  const failed = withState(seat, 'with a mistaek', 'failed')
  await failed.waitFor({ timeout: 15_000 })
  await withState(seat, 'not wanted any more', 'failed').waitFor({ timeout: 15_000 })
  await withState(seat, 'not wanted any more', 'failed').getByRole('button', { name: 'Discard' }).click()
  await message(seat, 'not wanted any more').waitFor({ state: 'detached' })
  await failed.getByRole('button', { name: 'Edit', exact: true }).click()
  expect(await composer(seat).inputValue()).toBe('with a mistaek')
  seat.line.swallow = () => false
  await composer(seat).fill('without a mistake')
  await composer(seat).press('Enter')
  await withState(seat, 'without a mistake', 'sent').waitFor()
  await message(other, 'without a mistake').waitFor()
  expect(await contents({ room, ben })).toEqual(['without a mistake'])
}, 60_000)

test('4 A reload after a lost ack makes no second message either', async () => {
  const { seat, room, ben } = await on.opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  seat.line.lose = ({ type }) => type === 'ack' || type === 'chat_message'
  await write(seat, 'only once')
  await until(async () => (await contents({ room, ben })).length === 1)
  await seat.page.reload()
  seat.line.lose = () => false
  await withState(seat, 'only once', 'sent').waitFor()
  await write(seat, 'the next')
  await withState(seat, 'the next', 'sent').waitFor()
  for (const each of [seat, other]) await until(async () => (await texts(each)).join() === 'only once,the next')
  expect(await contents({ room, ben })).toEqual(['only once', 'the next'])
})

test('5 What was queued goes out in order although the page was closed offline and opened again', async () => {
  const { seat, room, ben } = await on.opened()
  await seat.line.cut()
  for (const text of ['first', 'second', 'third']) await write(seat, text)
  await withState(seat, 'third', 'queued').waitFor()
  await seat.page.close()
  await seat.line.mend()
  const again = { ...seat, ...(await openTab(seat.context, `${on.chat.url}/api/chat/#/${room}`)) }
  await withState(again, 'third', 'sent').waitFor()
  expect(await contents({ room, ben })).toEqual(['first', 'second', 'third'])
  expect(await texts(again)).toEqual(['first', 'second', 'third'])
})
